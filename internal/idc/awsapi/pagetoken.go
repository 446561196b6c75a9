package awsapi

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// A page token carries the last name of the page before it and a digest that
// ties it to one listing of one caller. The digest is no secret: it tells a
// token of another listing, or a damaged one, from ours, and whoever makes one
// up only moves about in a list that is theirs anyway.

const pageDigest = 8

func pageToken(after string, listing ...string) string {
	if after == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(digestPage(after, listing), after...))
}

func parsePageToken(token string, listing ...string) (after string, err error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= pageDigest {
		return "", errors.New("the token is not one of this service")
	}
	after = string(raw[pageDigest:])
	if string(digestPage(after, listing)) != string(raw[:pageDigest]) {
		return "", errors.New("the token is not one of this listing")
	}
	return after, nil
}

func digestPage(after string, listing []string) []byte {
	sum := sha256.Sum256([]byte("page\x00" + strings.Join(listing, "\x00") + "\x00" + after))
	return sum[:pageDigest]
}
