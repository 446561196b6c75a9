-- Roles that AssumeRole gives to whom they trust.
CREATE TABLE iam_role (
  account_id           TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  name                 TEXT NOT NULL,
  name_key             TEXT NOT NULL, -- lower case
  path                 TEXT NOT NULL,
  trusts               TEXT NOT NULL, -- JSON
  external_id          TEXT NOT NULL,
  require_mfa          INTEGER NOT NULL,
  max_session_duration INTEGER NOT NULL, -- milliseconds
  administrator        INTEGER NOT NULL,
  PRIMARY KEY (account_id, name_key)
);

ALTER TABLE person ADD COLUMN mfa_code_hash TEXT NOT NULL DEFAULT ''; -- '' when there is no device

-- What a session of a role was given besides, for good.
ALTER TABLE role_credential ADD COLUMN session_policies TEXT NOT NULL DEFAULT ''; -- JSON; '' when nothing narrows it
ALTER TABLE role_credential ADD COLUMN transitive_tags TEXT NOT NULL DEFAULT ''; -- JSON
ALTER TABLE role_credential ADD COLUMN source_identity TEXT NOT NULL DEFAULT '';
