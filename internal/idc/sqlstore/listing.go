package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func (s directoryStore) AccountsAfter(ctx context.Context, afterID string, limit int) ([]directory.Account, error) {
	var accounts []directory.Account
	err := s.db.query(ctx, `SELECT id, name, email FROM account WHERE id > $1 ORDER BY id LIMIT $2`, []any{afterID, limit},
		func(scan func(...any) error) error {
			var a directory.Account
			err := scan(&a.ID, &a.Name, &a.Email)
			accounts = append(accounts, a)
			return err
		})
	return accounts, err
}

func (s directoryStore) PermissionSetsAfter(ctx context.Context, afterName string, limit int) ([]directory.PermissionSet, error) {
	var sets []directory.PermissionSet
	err := s.db.query(ctx, `SELECT name, description, session_duration, administrator FROM permission_set WHERE name > $1 ORDER BY name LIMIT $2`,
		[]any{afterName, limit}, func(scan func(...any) error) error {
			p, err := scanRole(scan)
			sets = append(sets, p)
			return err
		})
	return sets, err
}

func (s directoryStore) UsersAfter(ctx context.Context, afterName string, limit int) ([]directory.User, error) {
	return s.users(ctx, selectUser+`WHERE name_key > $1 ORDER BY name_key LIMIT $2`, nameKey(afterName), limit)
}

func (s directoryStore) MembersAfter(ctx context.Context, group, afterName string, limit int) ([]directory.User, error) {
	return s.users(ctx, selectUser+`WHERE id IN (SELECT person_id FROM membership WHERE group_name = $3) AND name_key > $1
		ORDER BY name_key LIMIT $2`, nameKey(afterName), limit, group)
}

// users is a list of people without their groups.
func (s directoryStore) users(ctx context.Context, query string, args ...any) ([]directory.User, error) {
	var users []directory.User
	err := s.db.query(ctx, query, args, func(scan func(...any) error) error {
		u, err := scanUser(scan)
		users = append(users, u)
		return err
	})
	return users, err
}

func (s directoryStore) Groups(ctx context.Context) ([]string, error) {
	return s.names(ctx, `SELECT DISTINCT group_name FROM membership ORDER BY group_name`)
}

func (s directoryStore) AccountsWith(ctx context.Context, permissionSet, afterID string, limit int) ([]string, error) {
	return s.names(ctx, `SELECT DISTINCT account_id FROM assignment WHERE permission_set = $1 AND account_id > $2 ORDER BY account_id LIMIT $3`,
		permissionSet, afterID, limit)
}

func (s directoryStore) PermissionSetsIn(ctx context.Context, accountID, afterName string, limit int) ([]string, error) {
	return s.names(ctx, `SELECT DISTINCT permission_set FROM assignment WHERE account_id = $1 AND permission_set > $2 ORDER BY permission_set LIMIT $3`,
		accountID, afterName, limit)
}

func (s directoryStore) names(ctx context.Context, query string, args ...any) ([]string, error) {
	var names []string
	err := s.db.query(ctx, query, args, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

func (s directoryStore) Granted(ctx context.Context, q directory.GrantedQuery, after directory.Granted, limit int) ([]directory.Granted, error) {
	args := []any{after.AccountID, after.PermissionSet, after.Group, after.UserID, limit}
	where := []string{`(account_id, permission_set, group_name, person_id) > ($1, $2, $3, $4)`}
	// Each choice is a query of its own, so that each has its index.
	choose := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			where = append(where, fmt.Sprintf(condition, len(args)))
		}
	}
	choose(`account_id = $%d`, q.AccountID)
	choose(`permission_set = $%d`, q.PermissionSet)
	choose(`group_name = $%d`, q.Group)
	choose(`(person_id = $%[1]d AND group_name = '' OR group_name IN (SELECT group_name FROM membership WHERE person_id = $%[1]d))`, q.UserID)
	var granted []directory.Granted
	err := s.db.query(ctx, `SELECT account_id, permission_set, group_name, person_id FROM assignment WHERE `+strings.Join(where, " AND ")+
		` ORDER BY account_id, permission_set, group_name, person_id LIMIT $5`, args, func(scan func(...any) error) error {
		var g directory.Granted
		err := scan(&g.AccountID, &g.PermissionSet, &g.Group, &g.UserID)
		granted = append(granted, g)
		return err
	})
	return granted, err
}
