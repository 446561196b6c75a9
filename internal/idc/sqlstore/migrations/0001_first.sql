CREATE TABLE server_key (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  key BLOB NOT NULL
);

-- The organisation, replaced as a whole by a seed.

CREATE TABLE instance (
  id                 INTEGER PRIMARY KEY CHECK (id = 1),
  start_url          TEXT NOT NULL,
  region             TEXT NOT NULL,
  instance_id        TEXT NOT NULL,
  identity_store_id  TEXT NOT NULL,
  management_account TEXT NOT NULL,
  seed_digest        TEXT NOT NULL
);

CREATE TABLE person (
  id            TEXT PRIMARY KEY,
  position      INTEGER NOT NULL,
  name          TEXT NOT NULL,
  name_key      TEXT NOT NULL UNIQUE, -- lower case
  email         TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  mfa           TEXT NOT NULL,
  disabled      INTEGER NOT NULL
);

CREATE TABLE membership (
  person_id  TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  group_name TEXT NOT NULL,
  position   INTEGER NOT NULL,
  PRIMARY KEY (person_id, group_name)
);

CREATE TABLE account (
  id    TEXT PRIMARY KEY,
  name  TEXT NOT NULL,
  email TEXT NOT NULL
);

CREATE TABLE bucket (
  name       TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX bucket_account ON bucket (account_id);

CREATE TABLE permission_set (
  name             TEXT PRIMARY KEY,
  description      TEXT NOT NULL,
  session_duration INTEGER NOT NULL, -- milliseconds
  administrator    INTEGER NOT NULL
);

-- One row per account; exactly one of person_id and group_name is not empty.
CREATE TABLE assignment (
  person_id      TEXT NOT NULL,
  group_name     TEXT NOT NULL,
  permission_set TEXT NOT NULL REFERENCES permission_set (name) ON DELETE CASCADE,
  account_id     TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  PRIMARY KEY (person_id, group_name, account_id, permission_set)
);
CREATE INDEX assignment_group ON assignment (group_name, account_id, permission_set);

CREATE TABLE sign_in_attempt (
  key          TEXT PRIMARY KEY,
  failures     INTEGER NOT NULL,
  last_failure INTEGER NOT NULL
);
CREATE INDEX sign_in_attempt_last ON sign_in_attempt (last_failure);

-- Grants.

CREATE TABLE client (
  id            TEXT PRIMARY KEY,
  secret        BLOB NOT NULL,
  name          TEXT NOT NULL,
  type          TEXT NOT NULL,
  scopes        TEXT NOT NULL, -- JSON, as the two below
  redirect_uris TEXT NOT NULL,
  grant_types   TEXT NOT NULL,
  issuer_url    TEXT NOT NULL,
  issued_at     INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  used_at       INTEGER NOT NULL -- when it first redeemed something
);
CREATE INDEX client_expiry ON client (expires_at);

CREATE TABLE browser_session (
  id         TEXT PRIMARY KEY,
  cookie     BLOB NOT NULL UNIQUE,
  person_id  TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL
);
CREATE INDEX browser_session_expiry ON browser_session (expires_at);

CREATE TABLE request (
  id              BLOB PRIMARY KEY,
  flow            TEXT NOT NULL,
  client_id       TEXT NOT NULL REFERENCES client (id) ON DELETE CASCADE,
  scopes          TEXT NOT NULL,
  device_code     BLOB UNIQUE,
  user_code       BLOB UNIQUE,
  redirect_uri    TEXT NOT NULL,
  client_state    TEXT NOT NULL,
  code_challenge  TEXT NOT NULL,
  status          TEXT NOT NULL,
  session_id      TEXT NOT NULL, -- '' until bound; no reference: it may outlive its session
  person_id       TEXT NOT NULL,
  code            BLOB UNIQUE,
  code_expires_at INTEGER NOT NULL,
  family_id       TEXT NOT NULL,
  polls           INTEGER NOT NULL,
  last_poll       INTEGER NOT NULL,
  previous_poll   INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL
);
CREATE INDEX request_expiry ON request (expires_at);
CREATE INDEX request_client ON request (client_id);

CREATE TABLE wrong_user_code (
  tried_at INTEGER NOT NULL
);
CREATE INDEX wrong_user_code_at ON wrong_user_code (tried_at);

CREATE TABLE family (
  id          TEXT PRIMARY KEY,
  session_id  TEXT NOT NULL REFERENCES browser_session (id) ON DELETE CASCADE,
  person_id   TEXT NOT NULL,
  client_id   TEXT NOT NULL, -- no reference: tokens outlive a registration
  client_name TEXT NOT NULL,
  scopes      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  revoked_at  INTEGER NOT NULL
);
CREATE INDEX family_session ON family (session_id);

CREATE TABLE access_token (
  token      BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL REFERENCES family (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
);
CREATE INDEX access_token_family ON access_token (family_id);
CREATE INDEX access_token_expiry ON access_token (expires_at);

CREATE TABLE refresh_token (
  token             BLOB PRIMARY KEY,
  family_id         TEXT NOT NULL REFERENCES family (id) ON DELETE CASCADE,
  rotated_at        INTEGER NOT NULL,
  successor         BLOB, -- once rotated
  access_expires_at INTEGER NOT NULL -- of the access token minted with it
);
CREATE INDEX refresh_token_family ON refresh_token (family_id);

CREATE TABLE role_credential (
  access_key_id  TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL,
  permission_set TEXT NOT NULL,
  role_name      TEXT NOT NULL,
  role_id        TEXT NOT NULL,
  person_id      TEXT NOT NULL,
  person_name    TEXT NOT NULL,
  session_id     TEXT NOT NULL, -- no reference: it outlives its session
  arn            TEXT NOT NULL,
  caller_id      TEXT NOT NULL,
  administrator  INTEGER NOT NULL,
  issued_at      INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL
);
CREATE INDEX role_credential_expiry ON role_credential (expires_at);
