// Package awsconfig reads and edits ~/.aws/config and ~/.aws/credentials.
//
// It owns: reading as botocore does (Python's configparser, shell-style section
// headers, one level of nesting, [DEFAULT]); editing that changes the lines it
// must and keeps every other byte; laying the credentials file over the config
// file; and the precedence of flags, environment and files for the profile,
// region, output format, endpoints, CA bundle and the IAM Identity Center
// (SSO) settings that CreateToken and GetRoleCredentials need.
//
// It leaves to its callers: prompting, hints, exit codes, and credentials
// themselves. Files are replaced by package atomicfile.
//
// [Document] is one file. [Files] are the two files on disk. [Config] is what
// they say together. [Settings] is one command's view of that.
package awsconfig
