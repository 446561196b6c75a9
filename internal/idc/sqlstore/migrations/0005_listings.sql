-- Administrators list the organisation by group, by account and by permission set.
CREATE INDEX membership_group ON membership (group_name, person_id);
CREATE INDEX assignment_account ON assignment (account_id, permission_set, group_name, person_id);
CREATE INDEX assignment_permission_set ON assignment (permission_set, account_id);
