package grant

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Hash is what the Store keeps instead of a secret. The zero Hash means none.
type Hash [sha256.Size]byte

// hashOf needs no salt and no slow function: everything it is given holds at
// least 128 random bits. User codes do not, see userCodeHash.
func hashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

func (h Hash) equal(o Hash) bool { return subtle.ConstantTimeCompare(h[:], o[:]) == 1 }

// errKey is a fault of the program that built the Service.
var errKey = errors.New("grant: the server key is shorter than 32 bytes")

// random returns n random bytes as unpadded base64url.
func (s *Service) random(n int) (string, error) {
	b, err := s.randomBytes(n)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// randomID returns 128 random bits in hex, for names that are no secrets.
func (s *Service) randomID() (string, error) {
	b, err := s.randomBytes(16)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}

func (s *Service) randomBytes(n int) ([]byte, error) {
	src := s.Rand
	if src == nil {
		src = rand.Reader
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(src, b); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	return b, nil
}

// derive returns n bytes that only a holder of the server key can compute. The
// label separates the uses of the key; blocks are numbered as in HKDF-Expand.
func (s *Service) derive(label, input string, n int) ([]byte, error) {
	if len(s.Key) < 32 {
		return nil, errKey
	}
	var out []byte
	for block := byte(1); len(out) < n; block++ {
		m := hmac.New(sha256.New, s.Key)
		m.Write([]byte(label))
		m.Write([]byte{0})
		m.Write([]byte(input))
		m.Write([]byte{block})
		out = m.Sum(out)
	}
	return out[:n], nil
}

func (s *Service) deriveString(label, input string, n int) (string, error) {
	b, err := s.derive(label, input, n)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// userCodeLetters are the consonants without Y, so that no word appears and
// nothing is mistaken for a digit (RFC 8628 section 6.1).
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// userCode derives the code a person compares from the request's id, so that
// the consent page can show it although nothing but its hash is stored.
func (s *Service) userCode(requestID string) (string, error) {
	b, err := s.derive("user code", requestID, 8)
	if err != nil {
		return "", err
	}
	// 20^8 is below 2^35: taking 64 bits modulo 20^8 is even to one part in 2^29.
	n := binary.BigEndian.Uint64(b)
	var code [userCodeLength]byte
	for i := range code {
		code[i] = userCodeLetters[n%uint64(len(userCodeLetters))]
		n /= uint64(len(userCodeLetters))
	}
	return string(code[:4]) + "-" + string(code[4:]), nil
}

// userCodeHash is keyed: a plain hash of one of 20^8 codes is found in seconds.
func (s *Service) userCodeHash(code string) (Hash, error) {
	b, err := s.derive("user code hash", code, sha256.Size)
	if err != nil {
		return Hash{}, err
	}
	return Hash(b), nil
}

// normalUserCode returns the one form XXXX-XXXX of what a person typed, or
// false when it cannot be a user code.
func normalUserCode(typed string) (string, bool) {
	if len(typed) > 64 {
		return "", false
	}
	var code []byte
	for _, c := range []byte(strings.ToUpper(typed)) {
		switch {
		case c == '-' || c == ' ' || c == '\t':
		case strings.IndexByte(userCodeLetters, c) >= 0 && len(code) < userCodeLength:
			code = append(code, c)
		default:
			return "", false
		}
	}
	if len(code) != userCodeLength {
		return "", false
	}
	return string(code[:4]) + "-" + string(code[4:]), true
}
