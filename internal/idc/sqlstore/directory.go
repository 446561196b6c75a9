package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

type directoryStore struct{ db *DB }

func (s directoryStore) Apply(ctx context.Context, org directory.Organisation, digest string) error {
	return s.db.change(ctx, func(tx *tx) error {
		for _, table := range []string{"assignment", "bucket", "membership", "account", "permission_set", "person", "instance"} {
			if _, err := tx.exec("DELETE FROM " + table); err != nil {
				return err
			}
		}
		i := org.Instance()
		if _, err := tx.exec(`INSERT INTO instance (id, start_url, region, instance_id, identity_store_id, management_account, seed_digest)
			VALUES (1, $1, $2, $3, $4, $5, $6)`,
			i.StartURL, i.Region, i.InstanceID, i.IdentityStoreID, i.ManagementAccount, digest); err != nil {
			return err
		}
		ids := map[string]string{}
		for n, u := range org.Users {
			ids[nameKey(u.Name)] = u.ID
			if err := insertUser(tx, n, u); err != nil {
				return err
			}
		}
		for _, a := range org.Accounts {
			if _, err := tx.exec(`INSERT INTO account (id, name, email) VALUES ($1, $2, $3)`, a.ID, a.Name, a.Email); err != nil {
				return err
			}
			for n, b := range a.Buckets {
				if _, err := tx.exec(`INSERT INTO bucket (name, account_id, position, created_at) VALUES ($1, $2, $3, $4)`,
					b.Name, a.ID, n, millis(b.Created)); err != nil {
					return err
				}
			}
		}
		for _, p := range org.PermissionSets {
			if _, err := tx.exec(`INSERT INTO permission_set (name, description, session_duration, administrator) VALUES ($1, $2, $3, $4)`,
				p.Name, p.Description, p.SessionDuration.Milliseconds(), p.Administrator); err != nil {
				return err
			}
		}
		for _, a := range org.Assignments {
			for _, account := range a.Accounts {
				// A seed may say the same twice.
				if _, err := tx.exec(`INSERT INTO assignment (person_id, group_name, permission_set, account_id) VALUES ($1, $2, $3, $4)
					ON CONFLICT DO NOTHING`, ids[nameKey(a.User)], a.Group, a.PermissionSet, account); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func insertUser(tx *tx, position int, u directory.User) error {
	if _, err := tx.exec(`INSERT INTO person (id, position, name, name_key, email, display_name, password_hash, mfa, disabled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		u.ID, position, u.Name, nameKey(u.Name), u.Email, u.DisplayName, u.PasswordHash, u.MFA, u.Disabled); err != nil {
		return err
	}
	for n, g := range u.Groups {
		if _, err := tx.exec(`INSERT INTO membership (person_id, group_name, position) VALUES ($1, $2, $3)`, u.ID, g, n); err != nil {
			return err
		}
	}
	return nil
}

// nameKey is what user names are compared by. They are ASCII.
func nameKey(name string) string { return strings.ToLower(name) }

func (s directoryStore) SeedDigest(ctx context.Context) (string, error) {
	var digest string
	err := s.db.queryRow(ctx, `SELECT seed_digest FROM instance WHERE id = 1`).Scan(&digest)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return digest, err
}

func (s directoryStore) Instance(ctx context.Context) (directory.Instance, error) {
	var i directory.Instance
	err := s.db.queryRow(ctx, `SELECT start_url, region, instance_id, identity_store_id, management_account FROM instance WHERE id = 1`).
		Scan(&i.StartURL, &i.Region, &i.InstanceID, &i.IdentityStoreID, &i.ManagementAccount)
	return i, unknown(err)
}

// unknown is directory.ErrNotFound for a row that is not there.
func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return directory.ErrNotFound
	}
	return err
}

const selectUser = `SELECT id, name, email, display_name, password_hash, mfa, disabled FROM person `

func scanUser(scan func(...any) error) (u directory.User, err error) {
	err = scan(&u.ID, &u.Name, &u.Email, &u.DisplayName, &u.PasswordHash, &u.MFA, &u.Disabled)
	return u, err
}

func (s directoryStore) UserByName(ctx context.Context, name string) (directory.User, error) {
	return s.user(ctx, selectUser+`WHERE name_key = $1`, nameKey(name))
}

func (s directoryStore) UserByID(ctx context.Context, id string) (directory.User, error) {
	return s.user(ctx, selectUser+`WHERE id = $1`, id)
}

func (s directoryStore) user(ctx context.Context, query, key string) (directory.User, error) {
	u, err := scanUser(s.db.queryRow(ctx, query, key).Scan)
	if err != nil {
		return directory.User{}, unknown(err)
	}
	err = s.db.query(ctx, `SELECT group_name FROM membership WHERE person_id = $1 ORDER BY position`, []any{u.ID},
		func(scan func(...any) error) error {
			var g string
			err := scan(&g)
			u.Groups = append(u.Groups, g)
			return err
		})
	if err != nil {
		return directory.User{}, err
	}
	return u, nil
}

func (s directoryStore) Users(ctx context.Context) ([]directory.User, error) {
	var users []directory.User
	err := s.db.query(ctx, selectUser+`ORDER BY position`, nil, func(scan func(...any) error) error {
		u, err := scanUser(scan)
		users = append(users, u)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.db.query(ctx, `SELECT person_id, group_name FROM membership ORDER BY position`, nil, func(scan func(...any) error) error {
		var id, group string
		if err := scan(&id, &group); err != nil {
			return err
		}
		if i := slices.IndexFunc(users, func(u directory.User) bool { return u.ID == id }); i >= 0 {
			users[i].Groups = append(users[i].Groups, group)
		}
		return nil
	})
	return users, err
}

func (s directoryStore) Account(ctx context.Context, id string) (directory.Account, error) {
	var a directory.Account
	err := s.db.queryRow(ctx, `SELECT id, name, email FROM account WHERE id = $1`, id).Scan(&a.ID, &a.Name, &a.Email)
	if err != nil {
		return directory.Account{}, unknown(err)
	}
	err = s.db.query(ctx, `SELECT name, created_at FROM bucket WHERE account_id = $1 ORDER BY position`, []any{id},
		func(scan func(...any) error) error {
			var b directory.Bucket
			err := scan(&b.Name, moment{&b.Created})
			a.Buckets = append(a.Buckets, b)
			return err
		})
	if err != nil {
		return directory.Account{}, err
	}
	return a, nil
}

// reach is the assignments of person $1, their own and their groups'. A row
// names a person or a group, never both, so the empty name matches nobody.
const reach = `(SELECT account_id, permission_set FROM assignment WHERE person_id = $1
	UNION
	SELECT a.account_id, a.permission_set FROM assignment a
	JOIN membership m ON m.group_name = a.group_name WHERE m.person_id = $1) reach `

func (s directoryStore) AccountsOf(ctx context.Context, userID, afterID string, limit int) ([]directory.Account, error) {
	var accounts []directory.Account
	err := s.db.query(ctx, `SELECT DISTINCT a.id, a.name, a.email FROM account a JOIN `+reach+`ON reach.account_id = a.id
		WHERE $1 <> '' AND a.id > $2 ORDER BY a.id LIMIT $3`, []any{userID, afterID, limit},
		func(scan func(...any) error) error {
			var a directory.Account
			err := scan(&a.ID, &a.Name, &a.Email)
			accounts = append(accounts, a)
			return err
		})
	return accounts, err
}

const selectRole = `SELECT DISTINCT p.name, p.description, p.session_duration, p.administrator
	FROM permission_set p JOIN ` + reach + `ON reach.permission_set = p.name
	WHERE $1 <> '' AND reach.account_id = $2 `

func scanRole(scan func(...any) error) (p directory.PermissionSet, err error) {
	var duration int64
	err = scan(&p.Name, &p.Description, &duration, &p.Administrator)
	p.SessionDuration = time.Duration(duration) * time.Millisecond
	return p, err
}

func (s directoryStore) RolesOf(ctx context.Context, userID, accountID, afterName string, limit int) ([]directory.PermissionSet, error) {
	var sets []directory.PermissionSet
	err := s.db.query(ctx, selectRole+`AND p.name > $3 ORDER BY p.name LIMIT $4`, []any{userID, accountID, afterName, limit},
		func(scan func(...any) error) error {
			p, err := scanRole(scan)
			sets = append(sets, p)
			return err
		})
	return sets, err
}

func (s directoryStore) RoleOf(ctx context.Context, userID, accountID, permissionSet string) (directory.PermissionSet, error) {
	p, err := scanRole(s.db.queryRow(ctx, selectRole+`AND p.name = $3`, userID, accountID, permissionSet).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return directory.PermissionSet{}, directory.ErrNoAccess
	}
	return p, err
}

func (s directoryStore) Attempts(ctx context.Context, key string) (directory.Attempts, error) {
	var a directory.Attempts
	err := s.db.queryRow(ctx, `SELECT failures, last_failure FROM sign_in_attempt WHERE key = $1`, key).Scan(&a.Failures, moment{&a.Last})
	if errors.Is(err, sql.ErrNoRows) {
		return directory.Attempts{}, nil
	}
	return a, err
}

func (s directoryStore) RecordFailure(ctx context.Context, key string, now, forget time.Time, keep int) (directory.Attempts, error) {
	var a directory.Attempts
	err := s.db.change(ctx, func(tx *tx) error {
		err := tx.queryRow(`INSERT INTO sign_in_attempt (key, failures, last_failure) VALUES ($1, 1, $2)
			ON CONFLICT (key) DO UPDATE SET
				failures = CASE WHEN sign_in_attempt.last_failure <= $3 THEN 1 ELSE sign_in_attempt.failures + 1 END,
				last_failure = excluded.last_failure
			RETURNING failures, last_failure`, key, millis(now), millis(forget)).Scan(&a.Failures, moment{&a.Last})
		if err != nil {
			return err
		}
		_, err = tx.exec(`DELETE FROM sign_in_attempt WHERE key IN
			(SELECT key FROM sign_in_attempt WHERE key <> $1 ORDER BY last_failure DESC LIMIT -1 OFFSET $2)`, key, keep-1)
		return err
	})
	return a, err
}

func (s directoryStore) ClearAttempts(ctx context.Context, key string) error {
	return s.db.change(ctx, func(tx *tx) error {
		_, err := tx.exec(`DELETE FROM sign_in_attempt WHERE key = $1`, key)
		return err
	})
}
