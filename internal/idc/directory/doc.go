// Package directory knows the people, groups, accounts, permission sets and
// assignments of an Identity Center: who may sign in, and who may have which
// role in which account. It is behind the access portal's ListAccounts,
// ListAccountRoles and GetRoleCredentials, and names roles as AWS does:
//
//	arn:aws:iam::<account>:role/aws-reserved/sso.amazonaws.com/<region>/AWSReservedSSO_<set>_<16 hex>
//	arn:aws:sts::<account>:assumed-role/AWSReservedSSO_<set>_<16 hex>/<user>
//
// Ids and ARNs derive from names, so that two starts from one seed agree.
//
// Passwords are kept as argon2id hashes (RFC 9106). Checking one costs the same
// for a wrong password, an unknown name and a disabled person, wrong tries slow
// a name down but never lock it, and only a few hashes are computed at once. A
// browser in which a person has signed in before carries a proof of that, and is
// slowed down by its own wrong tries alone, so nobody else keeps it out.
//
// A person with MFAEmail proves a second time who they are by a code that is sent
// by e-mail: six digits, once, within ten minutes, in the browser where the
// password was right, and wrong at most five times. The code derives from a random
// id and the server key, so the Store alone does not tell it. No mail leaves the
// house: messages are written when somebody reads them.
//
// A Decision answers sign-ins instead of a person at a browser. This package says
// which one is for a client and who answers; package grant carries it out.
//
// It leaves sessions and tokens to package grant, reading seed files to package
// seed, the wire and the pages to packages awsapi and portal, and keeping rows to
// a Store.
package directory
