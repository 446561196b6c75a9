// Package proxy lets clients that ignore endpoint variables reach the local
// Identity Center. It is an HTTP proxy for HTTPS_PROXY that answers for AWS's
// own host names, with certificates of an Authority made for one run, and goes
// nowhere itself. The Authority also certifies the Identity Center's own
// listener, where that is under TLS.
//
// A client says CONNECT oidc.us-east-1.amazonaws.com:443, with the password of
// the run; the TLS that follows ends here, and the requests in it go to
// Proxy.Handler. Any other host is refused in words: nothing that a client does
// besides AWS passes through.
//
// What the requests mean is the business of package awsapi.
package proxy
