// Package interop holds the tests that clients which nobody here wrote work
// against the local Identity Center, pointed at it by nothing but the
// environment that "portico local run" gives its command: the AWS SDKs for Go,
// JavaScript and Python, and the AWS CLI.
//
// Each client that may be absent has a name, and its tests are skipped unless
// PORTICO_REQUIRE lists it:
//
//	awscli        version 2 of the AWS CLI
//	debian-boto3  /usr/bin/python3 with boto3, of any age, through the proxy
//	boto3         a python3 on PATH with boto3 1.31 or newer (testdata/python/requirements.txt)
//	node          Node.js 20 or newer, and: npm ci --prefix interop/testdata/node
//
// The SDKs are all driven in one way. A driver, which is a program of a screenful
// in the SDK's language (testdata/go, node, python), makes the calls that it
// reads from standard input with the SDK's own client and tells what came of
// them; the tests, which are written once, say what is to come of them. Nothing
// in a driver knows what an Identity Center is.
//
// testdata/newcomer holds tests as users of portico would write them.
package interop
