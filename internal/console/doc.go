// Package console knows the AWS Management Console: where its pages are, in each
// of AWS's partitions, and how credentials become a sign-in there.
//
// A [Place] is a partition and a region; [Place.Page] finds the address of what
// somebody calls by a service's name, an ARN or an address. [Federation] is AWS's
// federation endpoint (Action getSigninToken and login, see "Enable custom identity
// broker access to the AWS console" in the IAM User Guide). [PortalLink] leads
// there through the access portal, with nothing but a browser's sign-in.
//
// Which credentials, and in which browser, is its caller's business.
package console
