package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// sessionLive is the condition that the session of a request is neither ended
// nor expired. Every statement it stands in has the present moment as $1.
const sessionLive = `EXISTS (SELECT 1 FROM browser_session b WHERE b.id = request.session_id AND b.ended_at = 0 AND b.expires_at > $1)`

func (s grantStore) InsertRequest(ctx context.Context, r grant.RequestRecord, now, dropBefore time.Time, max int) error {
	return s.db.change(ctx, func(tx *tx) error {
		if _, err := tx.exec(`DELETE FROM request WHERE expires_at <= $1`, millis(dropBefore)); err != nil {
			return err
		}
		var n int
		if err := tx.queryRow(`SELECT count(*) FROM request WHERE flow = $1 AND status IN ('pending', 'allowed') AND expires_at > $2`,
			r.Flow, millis(now)).Scan(&n); err != nil {
			return err
		}
		if n >= max {
			if err := dropWaiting(tx, r, now); err != nil {
				return err
			}
			n--
		}
		if n >= max {
			return grant.ErrFull
		}
		_, err := tx.exec(`INSERT INTO request (id, flow, client_id, scopes, device_code, user_code, redirect_uri, client_state, code_challenge,
				status, session_id, person_id, code_expires_at, family_id, polls, last_poll, previous_poll, created_at, expires_at,
				origin_address, origin_agent, script_answer, script_person, answer_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', '', '', 0, '', 0, 0, 0, $10, $11, $12, $13, $14, $15, $16)`,
			blob(r.ID), r.Flow, r.ClientID, list(r.Scopes), blob(r.DeviceCode), blob(r.UserCode), r.RedirectURI, r.State, r.CodeChallenge,
			millis(r.CreatedAt), millis(r.ExpiresAt), r.Origin.Address, r.Origin.UserAgent, r.Answer, r.AnswerUserID, millis(r.AnswerAt))
		if isUnique(err) {
			return grant.ErrConflict
		}
		return err
	})
}

// dropWaiting makes room for a request by dropping one that nobody has looked at
// yet, or returns grant.ErrFull. A client that asks again and again takes its own
// places, and one that holds many gives way to those that hold none.
func dropWaiting(tx *tx, r grant.RequestRecord, now time.Time) error {
	const waiting = `flow = $1 AND status = 'pending' AND session_id = '' AND expires_at > $2 `
	drop := func(clientID string) (int64, error) {
		return tx.exec(`DELETE FROM request WHERE id = (SELECT id FROM request WHERE `+waiting+`AND client_id = $3
			ORDER BY created_at, id LIMIT 1)`, r.Flow, millis(now), clientID)
	}
	n, err := drop(r.ClientID)
	if err != nil || n > 0 {
		return err
	}
	var most string
	err = tx.queryRow(`SELECT client_id FROM request WHERE `+waiting+`
		GROUP BY client_id HAVING count(*) > 1 ORDER BY count(*) DESC, client_id LIMIT 1`, r.Flow, millis(now)).Scan(&most)
	if errors.Is(err, sql.ErrNoRows) {
		return grant.ErrFull
	}
	if err == nil {
		_, err = drop(most)
	}
	return err
}

const selectRequest = `SELECT r.id, r.flow, r.client_id, r.scopes, r.device_code, r.user_code, r.redirect_uri, r.client_state, r.code_challenge,
		r.status, r.session_id, r.person_id, r.code, r.code_expires_at, r.family_id, r.created_at, r.expires_at,
		r.origin_address, r.origin_agent, r.script_answer, r.script_person, r.answer_at,
		c.name, c.issued_at, coalesce(b.expires_at, 0)
	FROM request r JOIN client c ON c.id = r.client_id LEFT JOIN browser_session b ON b.id = r.session_id `

type scanner interface{ Scan(...any) error }

func scanRequest(row scanner) (grant.RequestRecord, error) {
	var r grant.RequestRecord
	err := row.Scan(hash{&r.ID}, &r.Flow, &r.ClientID, texts{&r.Scopes}, hash{&r.DeviceCode}, hash{&r.UserCode}, &r.RedirectURI, &r.State, &r.CodeChallenge,
		&r.Status, &r.SessionID, &r.UserID, hash{&r.Code}, moment{&r.CodeExpiresAt}, &r.FamilyID, moment{&r.CreatedAt}, moment{&r.ExpiresAt},
		&r.Origin.Address, &r.Origin.UserAgent, &r.Answer, &r.AnswerUserID, moment{&r.AnswerAt},
		&r.ClientName, moment{&r.ClientCreated}, moment{&r.SessionExpiresAt})
	if err != nil {
		return grant.RequestRecord{}, missing(err)
	}
	return r, nil
}

func (s grantStore) Request(ctx context.Context, id grant.Hash) (grant.RequestRecord, error) {
	return scanRequest(s.db.queryRow(ctx, selectRequest+`WHERE r.id = $1`, id[:]))
}

func (s grantStore) RequestByDeviceCode(ctx context.Context, deviceCode grant.Hash) (grant.RequestRecord, error) {
	return scanRequest(s.db.queryRow(ctx, selectRequest+`WHERE r.device_code = $1`, deviceCode[:]))
}

func (s grantStore) RequestByUserCode(ctx context.Context, userCode grant.Hash) (grant.RequestRecord, error) {
	return scanRequest(s.db.queryRow(ctx, selectRequest+`WHERE r.user_code = $1`, userCode[:]))
}

func (s grantStore) RequestByCode(ctx context.Context, code grant.Hash) (grant.RequestRecord, error) {
	return scanRequest(s.db.queryRow(ctx, selectRequest+`WHERE r.code = $1`, code[:]))
}

func (s grantStore) TryUserCode(ctx context.Context, t grant.UserCodeTry) (r grant.RequestRecord, bound bool, err error) {
	// What the caller is told after a wrong try, which must be committed.
	var refusal error
	err = s.db.change(ctx, func(tx *tx) error {
		since := t.Now.Add(-t.Window)
		if _, err := tx.exec(`DELETE FROM wrong_user_code WHERE tried_at <= $1`, millis(since)); err != nil {
			return err
		}
		var all, own int
		var oldest, oldestOwn time.Time
		if err := tx.queryRow(`SELECT count(*), min(tried_at), count(own_at), min(own_at)
			FROM (SELECT tried_at, CASE WHEN person_id = $1 THEN tried_at END AS own_at FROM wrong_user_code) tries`, t.UserID).
			Scan(&all, moment{&oldest}, &own, moment{&oldestOwn}); err != nil {
			return err
		}
		var wait time.Duration
		if all >= t.Max {
			wait = oldest.Sub(since)
		}
		if own >= t.MaxEach {
			wait = max(wait, oldestOwn.Sub(since))
		}
		if wait > 0 {
			return &grant.TooManyTriesError{RetryAfter: min(wait, t.Window)}
		}
		changed, err := tx.exec(`UPDATE request SET session_id = $2
			WHERE user_code = $3 AND status = 'pending' AND script_answer = '' AND expires_at > $1
			AND (session_id IN ('', $2) OR NOT `+sessionLive+`
				OR $4 = (SELECT b.person_id FROM browser_session b WHERE b.id = request.session_id))`,
			millis(t.Now), t.SessionID, t.UserCode[:], t.UserID)
		if err != nil {
			return err
		}
		r, err = scanRequest(tx.queryRow(selectRequest+`WHERE r.user_code = $1`, t.UserCode[:]))
		if err != nil && !errors.Is(err, grant.ErrNotFound) {
			return err
		}
		refusal, bound = err, changed == 1
		if !bound {
			_, err = tx.exec(`INSERT INTO wrong_user_code (tried_at, person_id) VALUES ($1, $2)`, millis(t.Now), t.UserID)
			return err
		}
		return nil
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return grant.RequestRecord{}, false, err
	}
	return r, bound, nil
}

func (s grantStore) BindRequest(ctx context.Context, id grant.Hash, sessionID string) (r grant.RequestRecord, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		if _, err := tx.exec(`UPDATE request SET session_id = $2 WHERE id = $1 AND session_id = '' AND script_answer = ''`, id[:], sessionID); err != nil {
			return err
		}
		r, err = scanRequest(tx.queryRow(selectRequest+`WHERE r.id = $1`, id[:]))
		return err
	})
	return r, err
}

func (s grantStore) RebindRequests(ctx context.Context, fromSessionID, toSessionID string) error {
	return s.db.change(ctx, func(tx *tx) error {
		_, err := tx.exec(`UPDATE request SET session_id = $2 WHERE session_id = $1 AND session_id <> '' AND status = 'pending'`,
			fromSessionID, toSessionID)
		return err
	})
}

// statusOf is where a verdict moves a request.
func statusOf(v grant.Verdict) grant.Status {
	if v.Allow {
		return grant.StatusAllowed
	}
	return grant.StatusDenied
}

func (s grantStore) Decide(ctx context.Context, v grant.Verdict) (r grant.RequestRecord, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		var id []byte
		err := tx.queryRow(`UPDATE request SET status = $2, person_id = $3,
				code = CASE WHEN flow = 'authorization_code' THEN $4 END,
				code_expires_at = CASE WHEN flow = 'authorization_code' THEN $5 ELSE 0 END
			WHERE id = $6 AND status = 'pending' AND script_answer = '' AND expires_at > $1 AND session_id = $7 AND `+sessionLive+`
			RETURNING id`,
			millis(v.Now), statusOf(v), v.UserID, blob(v.Code), millis(v.CodeExpiresAt), v.ID[:], v.SessionID).Scan(&id)
		if err != nil {
			return conflict(err)
		}
		r, err = scanRequest(tx.queryRow(selectRequest+`WHERE r.id = $1`, v.ID[:]))
		return err
	})
	return r, err
}

func (s grantStore) Settle(ctx context.Context, v grant.Verdict, sess grant.Session, cookie grant.Hash) (r grant.RequestRecord, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		var id []byte
		err := tx.queryRow(`UPDATE request SET status = $2, person_id = $3, session_id = $7,
				code = CASE WHEN flow = 'authorization_code' THEN $4 END,
				code_expires_at = CASE WHEN flow = 'authorization_code' THEN $5 ELSE 0 END
			WHERE id = $6 AND status = 'pending' AND expires_at > $1 AND script_answer <> '' AND answer_at > 0 AND answer_at <= $1
			RETURNING id`,
			millis(v.Now), statusOf(v), v.UserID, blob(v.Code), millis(v.CodeExpiresAt), v.ID[:], v.SessionID).Scan(&id)
		if err != nil {
			return conflict(err)
		}
		if v.SessionID != "" {
			if err := insertSession(tx, sess, cookie); err != nil {
				return err
			}
		}
		r, err = scanRequest(tx.queryRow(selectRequest+`WHERE r.id = $1`, v.ID[:]))
		return err
	})
	return r, err
}

func (s grantStore) Poll(ctx context.Context, id grant.Hash, now time.Time) (n int, previous time.Time, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		return conflict(tx.queryRow(`UPDATE request SET polls = polls + 1, previous_poll = last_poll, last_poll = $2
			WHERE id = $1 AND status = 'pending' RETURNING polls, previous_poll`, id[:], millis(now)).Scan(&n, moment{&previous}))
	})
	return n, previous, err
}

func (s grantStore) Redeem(ctx context.Context, r grant.Redemption) error {
	return s.db.change(ctx, func(tx *tx) error {
		f := r.Family
		var id []byte
		err := tx.queryRow(`UPDATE request SET status = 'redeemed', family_id = $2
			WHERE id = $3 AND status = 'allowed'
			AND CASE WHEN flow = 'authorization_code' THEN code_expires_at ELSE expires_at END > $1
			AND session_id = $4 AND `+sessionLive+` RETURNING id`,
			millis(r.Now), f.ID, r.ID[:], f.SessionID).Scan(&id)
		if err != nil {
			return conflict(err)
		}
		if _, err := tx.exec(`INSERT INTO family (id, session_id, person_id, client_id, client_name, scopes, created_at, expires_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			f.ID, f.SessionID, f.UserID, f.ClientID, f.ClientName, list(f.Scopes), millis(f.CreatedAt), millis(f.ExpiresAt)); err != nil {
			return err
		}
		if _, err := tx.exec(`UPDATE client SET used_at = $2 WHERE id = $1 AND used_at = 0`, f.ClientID, millis(r.Now)); err != nil {
			return err
		}
		return insertTokens(tx, f.ID, r.Access, r.Refresh)
	})
}

func insertTokens(tx *tx, familyID string, access grant.NewAccess, refresh grant.Hash) error {
	_, err := tx.exec(`INSERT INTO access_token (token, family_id, expires_at) VALUES ($1, $2, $3)`,
		access.Token[:], familyID, millis(access.ExpiresAt))
	if err != nil || refresh == (grant.Hash{}) {
		return err
	}
	_, err = tx.exec(`INSERT INTO refresh_token (token, family_id, rotated_at, access_expires_at) VALUES ($1, $2, 0, $3)`,
		refresh[:], familyID, millis(access.ExpiresAt))
	return err
}
