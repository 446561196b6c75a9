-- Administrators list the organisation by group, by account and by permission set.
CREATE INDEX membership_group ON membership (group_name, person_id);
CREATE INDEX assignment_account ON assignment (account_id, permission_set, group_name, person_id);
CREATE INDEX assignment_permission_set ON assignment (permission_set, account_id);

-- By which requests administrators changed what is assigned; no references: it
-- tells what was asked for.
CREATE TABLE assignment_request (
  sequence       INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,
  deletion       INTEGER NOT NULL,
  account_id     TEXT NOT NULL,
  permission_set TEXT NOT NULL,
  group_name     TEXT NOT NULL,
  person_id      TEXT NOT NULL,
  created_at     INTEGER NOT NULL
);
