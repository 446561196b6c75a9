package directory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// A device proof is a nonce, which names the browser, and an HMAC of it with
// each person who has signed in there. It opens nothing: it only says whose wrong
// tries are whose.
const (
	deviceNonceLength = 16
	deviceMACLength   = 16
	// deviceNames is how many people one browser is known to; the latest count.
	deviceNames = 8
)

// RememberDevice returns a proof that the person signed in on this device, made
// from the one it had, if any. Call it after Authenticate succeeded. It is "" for
// a Service without a Key.
func (s *Service) RememberDevice(device, name string) (string, error) {
	if len(s.Key) < 32 {
		return "", nil
	}
	nonce, macs, ok := splitDevice(device)
	if !ok {
		nonce, macs = make([]byte, deviceNonceLength), nil
		if _, err := rand.Read(nonce); err != nil {
			return "", err
		}
	}
	own := s.deviceMAC(nonce, name)
	macs = slices.DeleteFunc(macs, func(mac []byte) bool { return hmac.Equal(mac, own) })
	macs = append([][]byte{own}, macs...)
	if len(macs) > deviceNames {
		macs = macs[:deviceNames]
	}
	return base64.RawURLEncoding.EncodeToString(slices.Concat(append([][]byte{nonce}, macs...)...)), nil
}

// knownDevice says whether the proof holds for this name, and names the device.
func (s *Service) knownDevice(device, name string) (nonce []byte, ok bool) {
	if len(s.Key) < 32 {
		return nil, false
	}
	nonce, macs, ok := splitDevice(device)
	if !ok {
		return nil, false
	}
	own := s.deviceMAC(nonce, name)
	return nonce, slices.ContainsFunc(macs, func(mac []byte) bool { return hmac.Equal(mac, own) })
}

func splitDevice(device string) (nonce []byte, macs [][]byte, ok bool) {
	const longest = deviceNonceLength + deviceNames*deviceMACLength
	if len(device) > base64.RawURLEncoding.EncodedLen(longest) {
		return nil, nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(device)
	if err != nil || len(b) <= deviceNonceLength || (len(b)-deviceNonceLength)%deviceMACLength != 0 {
		return nil, nil, false
	}
	return b[:deviceNonceLength], slices.Collect(slices.Chunk(b[deviceNonceLength:], deviceMACLength)), true
}

func (s *Service) deviceMAC(nonce []byte, name string) []byte {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("known device\x00"))
	m.Write(digest("device", strings.ToLower(name), string(nonce)))
	return m.Sum(nil)[:deviceMACLength]
}

// deviceKey is where a known device's wrong tries are counted.
func deviceKey(name string, nonce []byte) string {
	return hex.EncodeToString(digest("sign-in on a known device", strings.ToLower(name), string(nonce)))
}
