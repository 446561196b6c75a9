// Package creds turns an account and a role into short-term keys: from the AWS
// CLI's cache while they last, else by GetRoleCredentials with a token that
// signin vouches for.
//
// However many processes of portico ask at once for one role, one of them asks
// the service; the others wait for it and read what it stored, or hear why it
// failed: the protocol is that of package renewal. A valid cache entry is returned
// without any lock or network.
package creds
