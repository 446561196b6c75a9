// Package seed reads the YAML file in which a person states an organisation:
// its people, accounts, permission sets and who has which of them where.
//
//	start_url: https://d-1234567890.awsapps.com/start # this is the default
//	region: us-east-1                                 # this too
//	management_account: "999999999999"                # default: the first account
//	users:
//	  - name: alice
//	    email: alice@example.com
//	    display_name: Alice
//	    password: correct-horse         # or password_hash: $argon2id$…
//	    groups: [platform]
//	    mfa: email                      # or left out
//	    mfa_code: "123456"              # what their MFA device for AssumeRole always shows
//	    disabled: false
//	accounts:
//	  - id: "111111111111"
//	    name: dev
//	    email: aws+dev@example.com
//	    buckets:
//	      - {name: dev-artifacts, created: 2024-09-26T15:11:02Z}
//	permission_sets:
//	  - name: AdministratorAccess
//	    description: Everything
//	    session_duration: PT8H          # PT1H to PT12H, default PT1H
//	    administrator: true             # may use the administrative operations
//	assignments:
//	  - {group: platform, permission_set: AdministratorAccess, accounts: ["*"]}
//	  - {user: alice, permission_set: AdministratorAccess, accounts: [dev, "222222222222"]}
//	roles:                              # for AssumeRole, that is chains of roles
//	  - account: dev                    # by name or id
//	    name: deploy
//	    path: /ci/                      # default: /
//	    trusts:                         # all that one line names must be so
//	      - {permission_set: AdministratorAccess, account: dev}
//	      - {role: build}
//	      - {user: alice}
//	    external_id: shared-word        # default: none is needed
//	    require_mfa: true
//	    max_session_duration: PT1H      # PT1H to PT12H, default PT1H
//	    administrator: false            # as of a permission set
//	decisions:                          # sign-ins that nobody needs to answer in a browser
//	  - user: alice                     # who answers
//	    client: "my-tool-*"             # default: any client
//	    flow: device                    # or authorization_code; default: both
//	    answer: allow                   # or deny, or never
//	    after: 3s                       # default: at once
//
// Whatever is wrong is an [Error] that names file, line and field, and says how
// to cure it. A field that is not in the list above is refused, so that a typing
// error cannot silently leave something out.
//
// It leaves what a valid organisation is (patterns, limits, references) to
// package directory, and only finds the line for what that says. The built-in
// organisation is a file of this form too.
package seed
