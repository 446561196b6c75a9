-- Stays in the console, from the sign-in token that opens one on.
CREATE TABLE console_session (
  id               TEXT PRIMARY KEY,
  token            BLOB NOT NULL UNIQUE,
  cookie           BLOB UNIQUE, -- NULL until it is opened
  access_key_id    TEXT NOT NULL,
  account_id       TEXT NOT NULL,
  role_name        TEXT NOT NULL,
  arn              TEXT NOT NULL,
  person_id        TEXT NOT NULL,
  person_name      TEXT NOT NULL,
  workflow         TEXT NOT NULL,
  token_expires_at INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  opened_at        INTEGER NOT NULL DEFAULT 0,
  expires_at       INTEGER NOT NULL,
  ended_at         INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX console_session_expiry ON console_session (expires_at);
