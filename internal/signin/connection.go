package signin

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
)

// A ConnectionError reports that a service could not be reached or its answer
// did not arrive whole. Its words are those of the AWS CLI, where that has any.
type ConnectionError struct {
	Operation string
	Cause     error
}

func (e *ConnectionError) Error() string {
	if p, ok := errors.AsType[*ProxyError](e.Cause); ok {
		return p.Error()
	}
	at := e.address()
	switch cert, untrusted := errors.AsType[*tls.CertificateVerificationError](e.Cause); {
	case e.BrokeOff():
		return fmt.Sprintf("the service's answer to %s broke off in the middle", e.Operation)
	case e.Garbled():
		return fmt.Sprintf("the answer to %s is not one of the service's", e.Operation)
	case at == "":
		return fmt.Sprintf("could not reach the service for %s: %v", e.Operation, e.Cause)
	case untrusted:
		return fmt.Sprintf("SSL validation failed for %s %v", at, cert.Err)
	case e.TimedOut():
		return fmt.Sprintf("Read timeout on endpoint URL: %q", at)
	case e.Closed():
		return fmt.Sprintf("Connection was closed before we received a valid response from endpoint URL: %q.", at)
	case e.timeout():
		return fmt.Sprintf("Connect timeout on endpoint URL: %q", at)
	default:
		return fmt.Sprintf("Could not connect to the endpoint URL: %q", at)
	}
}

// reason is why there is no answer, without the address.
func (e *ConnectionError) reason() string {
	switch {
	case e.TimedOut():
		return "no answer in time"
	case e.Closed():
		return "the connection was closed without an answer"
	}
	if failed, ok := errors.AsType[*url.Error](e.Cause); ok {
		return failed.Err.Error()
	}
	return e.Cause.Error()
}

func (e *ConnectionError) Unwrap() error { return e.Cause }

// address is what was asked, without its query, which is nobody's business.
func (e *ConnectionError) address() string {
	failed, ok := errors.AsType[*url.Error](e.Cause)
	if !ok {
		return ""
	}
	u, err := url.Parse(failed.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// BrokeOff reports whether an answer began to arrive and ended in the middle.
func (e *ConnectionError) BrokeOff() bool { return brokeOff(e.Cause) }

func brokeOff(err error) bool {
	if reading, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		n, network := errors.AsType[net.Error](reading)
		if (network && !n.Timeout()) || errors.Is(reading, io.ErrClosedPipe) {
			return true
		}
	}
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// Garbled reports whether there was an answer, in a form that is not the
// service's: something on the way has answered in its place.
func (e *ConnectionError) Garbled() bool {
	_, ok := errors.AsType[*smithy.DeserializationError](e.Cause)
	return ok && !e.BrokeOff() && !e.TimedOut()
}

// TimedOut reports whether there was a connection and no answer in time.
func (e *ConnectionError) TimedOut() bool { return e.timeout() && !e.connecting() }

func (e *ConnectionError) timeout() bool {
	late, ok := errors.AsType[net.Error](e.Cause)
	return ok && late.Timeout()
}

// Closed reports whether the connection ended in place of an answer.
func (e *ConnectionError) Closed() bool { return errors.Is(e.Cause, io.EOF) && !e.connecting() }

// connecting reports whether there never was a connection on which a request could
// have been sent.
func (e *ConnectionError) connecting() bool {
	op, ok := errors.AsType[*net.OpError](e.Cause)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.Cause)
	_, noTLS := errors.AsType[tls.RecordHeaderError](e.Cause)
	return (ok && (op.Op == "dial" || op.Op == "proxyconnect")) || untrusted || noTLS || strings.Contains(e.Cause.Error(), "TLS handshake")
}

// A ProxyError reports that the proxy on the way to a service is of no use.
// Whoever makes the [http.Client] finds out; see [Client].
type ProxyError struct {
	Proxy    string // its address, without user and password
	Variable string // which names it, such as HTTPS_PROXY
	Host     string // where it was to lead

	Status      int    // with which it refused; 0: it did not come to that
	Reason      string // what it said besides, a stranger's words
	Schemes     string // the ways of signing in that it offers with a 407
	Credentials bool   // whether it was given a user and a password

	Cause error
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("Failed to connect to proxy URL: %q", e.Proxy)
}
func (e *ProxyError) Unwrap() error { return e.Cause }

// RetryableError tells the SDK that asking a proxy again is no use.
func (e *ProxyError) RetryableError() bool { return false }
