-- Who answers sign-ins instead of a person at a browser; no reference: nobody
-- may be named, and a seed replaces the decisions with the people.
CREATE TABLE decision (
  id        TEXT PRIMARY KEY,
  rank      INTEGER NOT NULL UNIQUE, -- the lowest is tried first
  person_id TEXT NOT NULL, -- '' when nobody answers
  client    TEXT NOT NULL, -- a pattern; '' means any
  flow      TEXT NOT NULL,
  answer    TEXT NOT NULL,
  delay     INTEGER NOT NULL -- milliseconds
);

-- Codes by e-mail. The code derives from the id and the server key.
CREATE TABLE challenge (
  sequence    INTEGER PRIMARY KEY,
  id          BLOB NOT NULL UNIQUE, -- hash of the browser's secret
  person_id   TEXT NOT NULL, -- no reference: mail outlives a seed
  person_name TEXT NOT NULL,
  email       TEXT NOT NULL,
  sent_at     INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  ended_at    INTEGER NOT NULL,
  failures    INTEGER NOT NULL
);
CREATE INDEX challenge_person ON challenge (person_id, expires_at);
CREATE INDEX challenge_sent ON challenge (sent_at);

-- What happened. The keys are the names in lower case; the indexes hold all that
-- is searched by, so that bodies are read only of what is found.
CREATE TABLE event (
  sequence INTEGER PRIMARY KEY, -- without gaps
  at       INTEGER NOT NULL,
  name_key TEXT NOT NULL,
  user_key TEXT NOT NULL,
  body     TEXT NOT NULL -- JSON
);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_name ON event (name_key, sequence, user_key, at);
CREATE INDEX event_user ON event (user_key, sequence, name_key, at);
