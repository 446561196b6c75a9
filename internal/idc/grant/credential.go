package grant

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"time"
)

// IssueRoleCredential mints an access key for a role, as GetRoleCredentials
// does. The caller has checked that the person may have the role and set
// ExpiresAt; a sign-in that ended meanwhile gives ErrUnauthorized.
func (s *Service) IssueRoleCredential(ctx context.Context, now time.Time, c RoleCredential) (cred RoleCredential, secretAccessKey, sessionToken string, err error) {
	now, c.ExpiresAt = moment(now), moment(c.ExpiresAt)
	if !now.Before(c.ExpiresAt) {
		return RoleCredential{}, "", "", errors.New("grant: a role credential needs an expiry in the future")
	}
	id, err := s.randomBytes(10)
	if err != nil {
		return RoleCredential{}, "", "", err
	}
	c.AccessKeyID = "ASIA" + base32.StdEncoding.EncodeToString(id)
	c.IssuedAt = now
	secretAccessKey, sessionToken, err = s.credentialSecrets(c.AccessKeyID)
	if err != nil {
		return RoleCredential{}, "", "", err
	}
	err = s.Store.InsertCredential(ctx, c, now)
	if errors.Is(err, ErrNotFound) {
		return RoleCredential{}, "", "", ErrUnauthorized
	}
	if err != nil {
		return RoleCredential{}, "", "", err
	}
	return c, secretAccessKey, sessionToken, nil
}

// RoleCredential returns an issued credential with what verifies a signature by
// it, also when it has expired: ExpiresAt is for the verifier to judge, which
// answers an expired key differently from an unknown one.
func (s *Service) RoleCredential(ctx context.Context, accessKeyID string) (cred RoleCredential, secretAccessKey string, checkToken func(sessionToken string) bool, err error) {
	c, err := s.Store.Credential(ctx, accessKeyID)
	if errors.Is(err, ErrNotFound) {
		return RoleCredential{}, "", nil, ErrUnauthorized
	}
	if err != nil {
		return RoleCredential{}, "", nil, err
	}
	secretAccessKey, want, err := s.credentialSecrets(c.AccessKeyID)
	if err != nil {
		return RoleCredential{}, "", nil, err
	}
	return c, secretAccessKey, func(got string) bool {
		return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
	}, nil
}

// credentialSecrets derives both secrets from the key id, in the alphabet and
// the lengths that AWS's have: 40 characters for the secret access key.
func (s *Service) credentialSecrets(accessKeyID string) (secretAccessKey, sessionToken string, err error) {
	secret, err := s.derive("secret access key", accessKeyID, 30)
	if err != nil {
		return "", "", err
	}
	token, err := s.derive("session token", accessKeyID, 192)
	if err != nil {
		return "", "", err
	}
	return base64.StdEncoding.EncodeToString(secret), base64.StdEncoding.EncodeToString(token), nil
}

// Collect drops what is long over. Call it now and then; nothing depends on it
// but the size of the database.
func (s *Service) Collect(ctx context.Context, now time.Time) error {
	return s.Store.Collect(ctx, Horizon{
		Clients:     now,
		Requests:    now.Add(-keepRequests - s.policy().AuthorizationCode),
		Sessions:    now.Add(-keepSessions),
		Credentials: now.Add(-keepCredentials),
	})
}
