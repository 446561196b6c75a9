-- The server key is in a file of its own now; this is what tells it from another.
DROP TABLE server_key;
CREATE TABLE server_key (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint BLOB NOT NULL -- SHA-256, under a label
);

-- Wrong user codes are limited for each person as well.
ALTER TABLE wrong_user_code ADD COLUMN person_id TEXT NOT NULL DEFAULT '';

-- Which client to drop first when there are too many.
CREATE INDEX client_unused ON client (issued_at) WHERE used_at = 0;

-- Requests are handed from one session to the next, and sessions end with their person.
CREATE INDEX request_session ON request (session_id);
CREATE INDEX browser_session_person ON browser_session (person_id);

-- Access tokens go with their session.
DROP INDEX access_token_expiry;
