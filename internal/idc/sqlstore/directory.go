package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

type directoryStore struct{ db *DB }

func (s directoryStore) Apply(ctx context.Context, org directory.Organisation, digest string) error {
	return s.db.change(ctx, func(tx *tx) error {
		if err := endGone(tx, org); err != nil {
			return err
		}
		for _, table := range []string{"decision", "assignment", "iam_role", "bucket", "membership", "account", "permission_set", "person", "instance"} {
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
		for _, r := range org.Roles {
			if err := insertIAMRole(tx, r); err != nil {
				return err
			}
		}
		for n, d := range org.Decisions {
			if err := insertDecision(tx, n+1, ids[nameKey(d.User)], d); err != nil {
				return err
			}
		}
		return nil
	})
}

// endGone ends the sign-ins and challenges of everybody who does not stay as they were: by
// the rows as they are before the organisation is replaced. An end is for good,
// so nothing comes back to life when the person does.
func endGone(tx *tx, org directory.Organisation) error {
	before := map[string]string{}
	err := tx.query(`SELECT id, password_hash FROM person WHERE disabled = 0`, nil, func(scan func(...any) error) error {
		var id, hash string
		err := scan(&id, &hash)
		before[id] = hash
		return err
	})
	if err != nil {
		return err
	}
	stays := map[string]bool{}
	for _, u := range org.Users {
		hash, known := before[u.ID]
		stays[u.ID] = known && !u.Disabled && hash == u.PasswordHash
	}
	var gone []string
	err = tx.query(`SELECT person_id FROM browser_session WHERE ended_at = 0 UNION SELECT person_id FROM challenge WHERE ended_at = 0`, nil, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		if !stays[id] {
			gone = append(gone, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	// That there is an end is what counts; when it was only says how long the row
	// is kept, so the machine's own clock will do.
	now := time.Now()
	for _, id := range gone {
		if err := endSignIns(tx, id, now); err != nil {
			return err
		}
	}
	return nil
}

// endSignIns ends what a person has begun or finished signing in to.
func endSignIns(tx *tx, personID string, now time.Time) error {
	for _, table := range []string{"browser_session", "challenge"} {
		if _, err := tx.exec(`UPDATE `+table+` SET ended_at = $2 WHERE person_id = $1 AND ended_at = 0`, personID, millis(now)); err != nil {
			return err
		}
	}
	return nil
}

func (s directoryStore) SetDisabled(ctx context.Context, name string, disabled bool, now time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		var id string
		err := tx.queryRow(`UPDATE person SET disabled = $2 WHERE name_key = $1 RETURNING id`, nameKey(name), disabled).Scan(&id)
		if err != nil || !disabled {
			return unknown(err)
		}
		return endSignIns(tx, id, now)
	})
}

func insertUser(tx *tx, position int, u directory.User) error {
	if _, err := tx.exec(`INSERT INTO person (id, position, name, name_key, email, display_name, password_hash, mfa, mfa_code_hash, disabled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		u.ID, position, u.Name, nameKey(u.Name), u.Email, u.DisplayName, u.PasswordHash, u.MFA, u.MFACodeHash, u.Disabled); err != nil {
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

const selectUser = `SELECT id, name, email, display_name, password_hash, mfa, mfa_code_hash, disabled FROM person `

func scanUser(scan func(...any) error) (u directory.User, err error) {
	err = scan(&u.ID, &u.Name, &u.Email, &u.DisplayName, &u.PasswordHash, &u.MFA, &u.MFACodeHash, &u.Disabled)
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
	index := make(map[string]int, len(users))
	for i, u := range users {
		index[u.ID] = i
	}
	err = s.db.query(ctx, `SELECT person_id, group_name FROM membership ORDER BY position`, nil, func(scan func(...any) error) error {
		var id, group string
		if err := scan(&id, &group); err != nil {
			return err
		}
		if i, ok := index[id]; ok { // a seed may have come between the two
			users[i].Groups = append(users[i].Groups, group)
		}
		return nil
	})
	return users, err
}

func (s directoryStore) Accounts(ctx context.Context) ([]directory.Account, error) {
	var accounts []directory.Account
	err := s.db.query(ctx, `SELECT id, name, email FROM account ORDER BY id`, nil, func(scan func(...any) error) error {
		var a directory.Account
		err := scan(&a.ID, &a.Name, &a.Email)
		accounts = append(accounts, a)
		return err
	})
	return accounts, err
}

func (s directoryStore) PermissionSets(ctx context.Context) ([]directory.PermissionSet, error) {
	var sets []directory.PermissionSet
	err := s.db.query(ctx, `SELECT name, description, session_duration, administrator FROM permission_set ORDER BY name`, nil,
		func(scan func(...any) error) error {
			p, err := scanRole(scan)
			sets = append(sets, p)
			return err
		})
	return sets, err
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

// nextAccount is the first account after the given one that person $1 reaches,
// by an assignment of their own or of one of their groups. Each assignment names
// a person or a group, so $1 must not be empty. Every min is one look into an
// index, however many permission sets are assigned in an account.
func nextAccount(after string) string {
	return `(SELECT min(id) FROM (
		SELECT (SELECT min(x.account_id) FROM assignment x WHERE x.person_id = $1 AND x.group_name = '' AND x.account_id > ` + after + `) AS id
		UNION ALL
		SELECT (SELECT min(x.account_id) FROM assignment x WHERE x.group_name = m.group_name AND x.account_id > ` + after + `)
		FROM membership m WHERE m.person_id = $1) candidate)`
}

// selectAccounts steps from account to account, so a page costs what is on it
// and not what the person reaches altogether.
var selectAccounts = `WITH RECURSIVE reached (id, n) AS (
		SELECT ` + nextAccount("$2") + `, 1
		UNION ALL
		SELECT ` + nextAccount("reached.id") + `, n + 1 FROM reached WHERE reached.id IS NOT NULL AND n < $3)
	SELECT a.id, a.name, a.email FROM reached JOIN account a ON a.id = reached.id WHERE n <= $3 ORDER BY a.id`

func (s directoryStore) AccountsOf(ctx context.Context, userID, afterID string, limit int) ([]directory.Account, error) {
	if userID == "" {
		return nil, nil
	}
	var accounts []directory.Account
	err := s.db.query(ctx, selectAccounts, []any{userID, afterID, limit},
		func(scan func(...any) error) error {
			var a directory.Account
			err := scan(&a.ID, &a.Name, &a.Email)
			accounts = append(accounts, a)
			return err
		})
	return accounts, err
}

// selectRole is the permission sets of person $1 in account $2. A row names a
// person or a group, never both, so the empty name is nobody's.
const selectRole = `SELECT p.name, p.description, p.session_duration, p.administrator FROM permission_set p
	WHERE $1 <> '' AND p.name IN (
		SELECT x.permission_set FROM assignment x WHERE x.person_id = $1 AND x.group_name = '' AND x.account_id = $2
		UNION ALL
		SELECT x.permission_set FROM membership m JOIN assignment x ON x.group_name = m.group_name AND x.account_id = $2
		WHERE m.person_id = $1) `

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

func (s directoryStore) Assign(ctx context.Context, a directory.Assignment) (changed int, err error) {
	return s.assignment(ctx, a, `INSERT INTO assignment (person_id, group_name, permission_set, account_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`)
}

func (s directoryStore) Unassign(ctx context.Context, a directory.Assignment) (changed int, err error) {
	return s.assignment(ctx, a, `DELETE FROM assignment WHERE person_id = $1 AND group_name = $2 AND permission_set = $3 AND account_id = $4`)
}

// assignment runs a statement for each account, all of them or none.
func (s directoryStore) assignment(ctx context.Context, a directory.Assignment, statement string) (changed int, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		personID := ""
		who := tx.queryRow(`SELECT id FROM person WHERE name_key = $1`, nameKey(a.User))
		if a.User == "" {
			who = tx.queryRow(`SELECT '' FROM membership WHERE group_name = $1`, a.Group)
		}
		if err := who.Scan(&personID); err != nil {
			return unknown(err)
		}
		for _, account := range a.Accounts {
			var there bool
			if err := tx.queryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE id = $1) AND EXISTS (SELECT 1 FROM permission_set WHERE name = $2)`,
				account, a.PermissionSet).Scan(&there); err != nil {
				return err
			}
			if !there {
				return directory.ErrNotFound
			}
			n, err := tx.exec(statement, personID, a.Group, a.PermissionSet, account)
			if err != nil {
				return err
			}
			changed += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return changed, nil
}

// insertDecision adds a decision; those of lower rank are tried first.
func insertDecision(tx *tx, rank int, personID string, d directory.Decision) error {
	_, err := tx.exec(`INSERT INTO decision (id, rank, person_id, client, flow, answer, delay) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.ID, rank, personID, d.Client, d.Flow, d.Answer, d.After.Milliseconds())
	return err
}

func (s directoryStore) InsertDecision(ctx context.Context, d directory.Decision) error {
	return s.db.change(ctx, func(tx *tx) error {
		personID := ""
		if d.User != "" {
			if err := tx.queryRow(`SELECT id FROM person WHERE name_key = $1`, nameKey(d.User)).Scan(&personID); err != nil {
				return unknown(err)
			}
		}
		var rank int
		if err := tx.queryRow(`SELECT coalesce(min(rank), 1) - 1 FROM decision`).Scan(&rank); err != nil {
			return err
		}
		return insertDecision(tx, rank, personID, d)
	})
}

func (s directoryStore) Decisions(ctx context.Context) ([]directory.Decision, error) {
	var decisions []directory.Decision
	err := s.db.query(ctx, `SELECT d.id, coalesce(p.name, ''), d.client, d.flow, d.answer, d.delay
		FROM decision d LEFT JOIN person p ON p.id = d.person_id ORDER BY d.rank`, nil, func(scan func(...any) error) error {
		var d directory.Decision
		var delay int64
		err := scan(&d.ID, &d.User, &d.Client, &d.Flow, &d.Answer, &delay)
		d.After = time.Duration(delay) * time.Millisecond
		decisions = append(decisions, d)
		return err
	})
	return decisions, err
}

func (s directoryStore) ClearDecisions(ctx context.Context, id string) error {
	return s.db.change(ctx, func(tx *tx) error {
		n, err := tx.exec(`DELETE FROM decision WHERE $1 = '' OR id = $1`, id)
		if err == nil && n == 0 && id != "" {
			return directory.ErrNotFound
		}
		return err
	})
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
