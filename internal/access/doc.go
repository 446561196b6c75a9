// Package access answers an administrator's question: who can reach what, and
// through which group. It reads the assignments of IAM Identity Center
// (ListAccountAssignments, ListAccountAssignmentsForPrincipal), the people and
// groups of its identity store (ListGroupMemberships, ListUsers) and the names of
// the accounts (Organizations), and joins them.
//
// What the services said is [Facts]; [Facts.Grants] joins it and asks nobody.
// [Source] asks, many calls at once, at the pace that whoever makes the callers
// gives them. A [Journal] keeps the answers of a long report, so that one that
// was stopped goes on where it was.
package access
