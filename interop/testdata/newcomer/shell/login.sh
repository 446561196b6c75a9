#!/bin/sh
# The AWS CLI, from its login to a bucket.
#
#   portico local run --proxy --as alice -- ./login.sh
set -eu

mkdir -p ~/.aws # not yours: this command has a home directory of its own
cat >~/.aws/config <<'END'
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
END

aws sso login --profile dev
test "$(aws sts get-caller-identity --profile dev --query Account --output text)" = 111111111111
aws s3 ls --profile dev | grep dev-artifacts
