// Package idc puts a local Identity Center together: one http.Handler, and one
// listener's worth of lifetime. It holds no rule and no page of its own.
//
// A request goes, in this order, to
//
//  1. the Host allow-list: a name that is not this Identity Center's own gets
//     421 (RFC 9110 section 15.5.20). A page whose name was rebound to loopback
//     has an Origin equal to its Host, so no later check would stop it;
//  2. /.portico/: package control, when there is a control key and only this
//     machine can reach it;
//  3. the AWS wire: package awsapi, which says itself what it takes, and gets
//     besides what is no page's address and comes from no browser: an S3 client
//     without credentials must get XML, a person a page;
//  4. the pages: package portal.
//
// Everything gets a request id here, in the answer's X-Amzn-Requestid header,
// where all of the above find it for their answers and logs; a panic becomes a
// 500 and a line in the log.
//
// Sign-ins, tokens and role credentials are the business of package grant,
// people and permission sets of package directory, rows of package sqlstore,
// seed files of package seed.
package idc
