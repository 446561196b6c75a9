package cli

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/signin"
)

// proxyCure says what is wrong with a proxy, or with how it is named.
func proxyCure(e *signin.ProxyError) string {
	_, lookup := errors.AsType[*net.DNSError](e.Cause)
	_, plain := errors.AsType[tls.RecordHeaderError](e.Cause)
	late, network := errors.AsType[net.Error](e.Cause)
	untrusted, isUntrusted := errors.AsType[*tls.CertificateVerificationError](e.Cause)
	without := fmt.Sprintf(" Where there is no such proxy, unset %s; NO_PROXY=%s goes past it.", e.Variable, e.Host)
	switch {
	case e.Status == http.StatusProxyAuthRequired && e.Schemes != "" && !strings.Contains(strings.ToLower(e.Schemes), "basic"):
		return fmt.Sprintf("The proxy asks for %s, which portico does not speak. A relay on this machine that does (cntlm, px) can stand between: let %s name it.", e.Schemes, e.Variable)
	case e.Status == http.StatusProxyAuthRequired && e.Credentials:
		return fmt.Sprintf("The proxy does not accept the user and password in %s (407). Correct them there; special characters are percent-encoded (@ is %%40, : is %%3A).", e.Variable)
	case e.Status == http.StatusProxyAuthRequired:
		return fmt.Sprintf("The proxy wants a user and a password (407). Put them into %s, as in http://USER:PASSWORD@HOST:PORT; special characters are percent-encoded (@ is %%40, : is %%3A).", e.Variable)
	case e.Status != 0:
		return fmt.Sprintf("The proxy that %s names refused to connect to %s: %s. It may forbid the address, or not reach it; whoever runs it knows.", e.Variable, e.Host, strings.TrimSpace(fmt.Sprint(e.Status, " ", e.Reason)))
	case isUntrusted:
		return "The proxy itself shows a certificate that is not trusted: " + untrusted.Err.Error() + ". If it is to be trusted, name its authority's file in AWS_CA_BUNDLE."
	case plain:
		return fmt.Sprintf("The proxy does not speak TLS itself. Write http:// in place of https:// in %s; what goes through it is under TLS all the same.", e.Variable)
	case lookup:
		return fmt.Sprintf("The proxy's name, from %s, does not resolve.", e.Variable) + without
	case network && late.Timeout(), errors.Is(e.Cause, errSilent):
		return fmt.Sprintf("The proxy that %s names does not answer.", e.Variable) + without
	case strings.Contains(e.Cause.Error(), "refused"):
		return fmt.Sprintf("Nothing listens at the proxy's address, from %s.", e.Variable) + without
	case e.Proxy == "", strings.HasPrefix(e.Cause.Error(), "a proxy is spoken to"):
		return fmt.Sprintf("%s cannot be used: %v.", e.Variable, e.Cause)
	}
	return fmt.Sprintf("What %s names does not answer as an HTTP proxy does. If it speaks TLS itself, write https:// there.", e.Variable) + without
}

// certificateCure describes the certificate that was seen, and says which setting
// would trust it, if any should. It is empty for other errors.
func certificateCure(a *App, err error) string {
	e, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(e.UnverifiedCertificates) == 0 {
		return ""
	}
	leaf := e.UnverifiedCertificates[0]
	host := ""
	if failed, ok := errors.AsType[*url.Error](err); ok {
		if u, err := url.Parse(failed.URL); err == nil {
			host = u.Hostname()
		}
	}
	seen := fmt.Sprintf("The certificate seen is %s, for %s, valid from %s to %s; it was issued by %s.\n",
		called(leaf.Subject.String()), names(leaf), day(leaf.NotBefore), day(leaf.NotAfter), called(leaf.Issuer.String()))
	now := time.Now()
	if _, wrong := errors.AsType[x509.HostnameError](e.Err); wrong {
		return seen + fmt.Sprintf("It is not one for %s: something else answers in its place, such as a proxy or the sign-in page of a network, or the endpoint is wrong. No CA bundle cures that.", host)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](e.Err); ok {
		bad := invalid.Cert
		switch {
		case invalid.Reason != x509.Expired:
			return seen + "Whoever runs that server, or a proxy before it, has to replace it."
		case now.Before(bad.NotBefore):
			return seen + fmt.Sprintf("It is not valid yet: this machine's clock says %s, and is behind. Set it right.", now.UTC().Format(time.DateTime)+" UTC")
		}
		return seen + fmt.Sprintf("It expired %s ago, if this machine's clock (%s) is right. Whoever runs that server, or a proxy that inspects TLS, has to renew it.",
			ago(now.Sub(bad.NotAfter)), now.UTC().Format(time.DateTime)+" UTC")
	}
	text := seen
	if bundle := a.bundle(); bundle != "" {
		text += fmt.Sprintf("Only the authorities in %s are trusted, and that issuer is not among them. ", bundle)
	} else {
		text += "This machine does not trust that issuer. "
	}
	text += "If it is the proxy of your network, which inspects TLS, name a file with its CA certificate in AWS_CA_BUNDLE, in ca_bundle of the profile, or with --ca-bundle; else somebody may be listening."
	if ca := authorityAmong(e.UnverifiedCertificates); ca != nil {
		text += fmt.Sprintf("\nThe certificate of the authority came along. Its SHA-256 fingerprint is\n  %s\nIf whoever runs your network confirms that, save these lines as the file:\n%s",
			fingerprint(ca), strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}))))
	}
	return text
}

// bundle is the file that says whom to trust, if one does.
func (a *App) bundle() string {
	if s := a.looseSettings(); s != nil {
		return s.CABundle()
	}
	return ""
}

// names are what a certificate is for, the first few.
func names(c *x509.Certificate) string {
	list := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	if len(list) == 0 {
		return "no host"
	}
	return some(list)
}

func called(name string) string {
	if name == "" {
		return "one without a name"
	}
	return `"` + name + `"`
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func ago(d time.Duration) string {
	if days := int(d / (24 * time.Hour)); days > 0 {
		return count(days, "day")
	}
	return d.Round(time.Minute).String()
}

// authorityAmong is the certificate at the end of a chain, if it is that of an
// authority which vouches for itself.
func authorityAmong(chain []*x509.Certificate) *x509.Certificate {
	last := chain[len(chain)-1]
	if string(last.RawIssuer) == string(last.RawSubject) && (last.IsCA || len(chain) == 1) {
		return last
	}
	return nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// certificateProblem says what is wrong with a certificate besides who issued it.
func certificateProblem(e *tls.CertificateVerificationError) string {
	if wrong, ok := errors.AsType[x509.HostnameError](e.Err); ok {
		return "its certificate is for " + names(wrong.Certificate)
	}
	invalid, ok := errors.AsType[x509.CertificateInvalidError](e.Err)
	switch {
	case !ok:
		return ""
	case invalid.Reason != x509.Expired:
		return "its certificate is not valid"
	case time.Now().Before(invalid.Cert.NotBefore):
		return "its certificate is not valid yet, so this machine's clock is behind"
	}
	return "its certificate expired on " + day(invalid.Cert.NotAfter)
}
