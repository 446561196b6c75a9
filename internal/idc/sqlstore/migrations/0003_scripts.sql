-- Who began a request, and what answers it if no person does.
ALTER TABLE request ADD COLUMN origin_address TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN origin_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN script_answer TEXT NOT NULL DEFAULT ''; -- '' when a person decides
ALTER TABLE request ADD COLUMN script_person TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN answer_at INTEGER NOT NULL DEFAULT 0; -- 0 when nobody ever answers

-- The sign-in that a role credential came from.
ALTER TABLE role_credential ADD COLUMN workflow TEXT NOT NULL DEFAULT '';
