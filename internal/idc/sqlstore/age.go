package sqlstore

import (
	"context"
	"strings"
	"time"
)

// grantTimes is every column that holds a time of package grant.
var grantTimes = map[string][]string{
	"client":          {"issued_at", "expires_at", "used_at"},
	"request":         {"code_expires_at", "last_poll", "previous_poll", "answer_at", "created_at", "expires_at"},
	"wrong_user_code": {"tried_at"},
	"browser_session": {"created_at", "expires_at", "ended_at"},
	"family":          {"created_at", "expires_at", "revoked_at"},
	"access_token":    {"expires_at"},
	"refresh_token":   {"rotated_at", "access_expires_at"},
	"role_credential": {"issued_at", "expires_at"},
	"console_session": {"token_expires_at", "created_at", "opened_at", "expires_at", "ended_at"},
}

func (s grantStore) Age(ctx context.Context, by time.Duration) error {
	return s.db.change(ctx, func(tx *tx) error {
		for table, columns := range grantTimes {
			if err := moveBack(tx, table, columns, by); err != nil {
				return err
			}
		}
		return nil
	})
}

// moveBack moves the times in a table back. 0 is what never was and stays; what
// did happen does not become that, however long ago.
func moveBack(tx *tx, table string, columns []string, by time.Duration) error {
	var set []string
	for _, c := range columns {
		set = append(set, c+" = CASE "+c+" WHEN 0 THEN 0 ELSE max("+c+" - $1, 1) END")
	}
	_, err := tx.exec("UPDATE "+table+" SET "+strings.Join(set, ", "), by.Milliseconds())
	return err
}
