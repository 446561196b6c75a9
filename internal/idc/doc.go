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
//  3. /vanity: redirects as a company's own start URL makes them;
//  4. the AWS wire: package awsapi, which says itself what it takes, and gets
//     besides what is no page's address and comes from no browser: an S3 client
//     without credentials must get XML, a person a page;
//  5. the pages: package portal.
//
// [Server.AWSHandler] is the fourth alone, for whoever comes by an AWS host name.
//
// Everything gets a request id here, in the answer's X-Amzn-Requestid header,
// where all of the above find it for their answers and logs; a panic becomes a
// 500 and a line in the log.
//
// Every request runs with a Call of package events, in which all of the above
// note what they learn, and which is handed to the recorder before the last byte
// of the answer is given to net/http: whoever has an answer and then asks for
// events finds it among them.
//
// Before the wire and the pages stand the fault rules of package fault. A fault
// is an error in the caller's own protocol, or it is done to the connection:
//
//	latency      the call waits, then goes on
//	error        the call is answered with it, and nothing is done
//	drop before  no answer, and nothing is done
//	drop after   no answer, but all is done and durable
//	truncate     all is done; the client gets the header, and half of the body
//
// Control and the assets of the pages are never faulted. What a call that was
// faulted was, the event says under the id of the rule.
//
// Time can be moved in two ways. [Server.Advance] makes what was issued older;
// clocks do not move. [Server.Skew] moves the clock that clients see: the Date
// header, and the clock that judges the dates of signed requests. What expires
// still does so in true time.
//
// Sign-ins, tokens and role credentials are the business of package grant,
// people and permission sets of package directory, rows of package sqlstore,
// seed files of package seed.
package idc
