package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/doctor"
	"github.com/portico-sso/portico/internal/signin"
)

// A prober looks at addresses the way portico's requests go: through the proxies and
// with the trust of the settings.
type prober struct {
	client *http.Client
	bundle string // the only authorities that are trusted; "" for the system's
}

// probes are one for each address that signing in takes, and for each start URL
// whose portal says where it is. Where the way out cannot be made, as its CA bundle
// cannot be read, there are none.
func (a *App) probes(g *globals, f *doctor.Facts) []func(context.Context) doctor.Probe {
	settings := awsconfig.ResolveLoose(f.Merged, g.settings(), a.Lookup)
	quick := *g
	quick.ConnectTimeout, quick.ReadTimeout = 3, 3
	client, err := a.httpClient(&quick, settings)
	if err != nil {
		return nil
	}
	p := prober{client: client, bundle: settings.CABundle()}
	var all []func(context.Context) doctor.Probe
	seen := map[string]bool{}
	add := func(probe doctor.Probe, address string, look func(context.Context, doctor.Probe, string) doctor.Probe) {
		if id := address + probe.Session; !seen[id] {
			seen[id] = true
			all = append(all, func(ctx context.Context) doctor.Probe { return look(ctx, probe, address) })
		}
	}
	oidc, of := a.endpointSetting(settings, "SSO_OIDC")
	if oidc != "" {
		add(doctor.Probe{Host: oidc, For: of, Endpoint: of}, oidc, p.service)
	}
	for _, portal := range f.Portals() {
		if oidc == "" && awsconfig.ValidRegion(portal.Region) {
			host := "oidc." + portal.Region + "." + awsDomain(portal.Region)
			add(doctor.Probe{Host: host, For: portal.Of}, "https://"+host+"/", p.service)
		}
		probe := doctor.Probe{For: portal.Of, Session: portal.Of}
		switch u, err := url.Parse(portal.StartURL); {
		case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil:
		case oidc != "":
			// A local Identity Center, whose start URL is never resolved.
			probe.Host = oidc
			add(probe, strings.TrimSuffix(oidc, "/")+"/start", p.portal)
		default:
			probe.Host = u.Hostname()
			add(probe, portal.StartURL, p.portal)
		}
	}
	return all
}

// endpointSetting is where a service is, when that is not AWS's own address, and
// which setting says so.
func (a *App) endpointSetting(settings *awsconfig.Settings, service string) (address, setting string) {
	address, err := settings.ConfiguredEndpoint(service)
	if u, bad := url.Parse(address); err != nil || bad != nil || address == "" || u.User != nil || u.Hostname() == "" {
		return "", ""
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_" + service, "AWS_ENDPOINT_URL"} {
		if a.getenv(name) == address {
			return address, name
		}
	}
	return address, "endpoint_url"
}

// awsDomain is the domain of a region's partition.
func awsDomain(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// service asks a service for nothing: that it answers, and when, is all there is to
// know.
func (p prober) service(ctx context.Context, probe doctor.Probe, address string) doctor.Probe {
	resp, sent, err := p.get(ctx, address)
	if err != nil {
		return p.failure(probe, err)
	}
	defer resp.Body.Close()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		got := time.Now()
		// The header has whole seconds, and the answer took its way.
		probe.Dated, probe.Ahead = true, date.Add(time.Second/2).Sub(sent.Add(got.Sub(sent)/2))
	}
	html := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")
	if probe.Endpoint == "" && resp.Header.Get("X-Amzn-Requestid") == "" && (html && resp.StatusCode == http.StatusOK || resp.StatusCode/100 == 3) {
		probe.Step, probe.Problem = doctor.StepAnswer, "a page answers in place of the service, as in networks that want a sign-in"
	}
	return probe
}

// maxPage bounds what is read of a portal's page, whose head is all that matters.
const maxPage = 256 << 10

// portal asks a start URL in which region its Identity Center is: AWS's own pages say
// so in their head, a company's own address leads to a name that does. That it does
// not say is no failure.
func (p prober) portal(ctx context.Context, probe doctor.Probe, address string) doctor.Probe {
	client := &signin.Client{HTTP: p.client}
	if resolved, err := client.Resolve(ctx, address); err == nil && resolved.Region != "" {
		probe.Portal = resolved.Region
		return probe
	}
	const hops = 4
	for range hops {
		resp, _, err := p.get(ctx, address)
		if err != nil {
			return probe
		}
		next, redirected := resp.Location()
		page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
		resp.Body.Close()
		if region := pageRegion(string(page)); err == nil && region != "" {
			probe.Portal = region
			return probe
		}
		// Only on the same host: where else it leads is not for us to say.
		if redirected != nil || next.Host != resp.Request.URL.Host || next.Scheme != resp.Request.URL.Scheme {
			return probe
		}
		address = next.String()
	}
	return probe
}

// pageRegion is the region in the head of a portal's page: in a meta element, or in
// the settings of its script.
func pageRegion(page string) string {
	for _, pattern := range []string{`<meta\s+name="region"\s+content="([a-z0-9-]+)"`, `"region"\s*:\s*"([a-z0-9-]+)"`} {
		if region := first(regexp.MustCompile(pattern), page); awsconfig.ValidRegion(region) {
			return region
		}
	}
	return ""
}

func (p prober) get(ctx context.Context, address string) (*http.Response, time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, time.Time{}, err
	}
	sent := time.Now()
	resp, err := p.client.Do(req)
	return resp, sent, err
}

// failure says at which step a request failed.
func (p prober) failure(probe doctor.Probe, err error) doctor.Probe {
	text := func(step, problem string) doctor.Probe {
		probe.Step, probe.Problem = step, problem
		return probe
	}
	if e, ok := errors.AsType[*signin.ProxyError](err); ok {
		what := "does not do what a proxy does"
		_, lookup := errors.AsType[*net.DNSError](e.Cause)
		switch {
		case e.Status == http.StatusProxyAuthRequired:
			what = "wants another user and password (407)"
		case e.Status != 0:
			what = fmt.Sprintf("refuses to connect (%d)", e.Status)
		case lookup:
			what = "has a name that does not resolve"
		case e.Cause != nil && strings.Contains(e.Cause.Error(), "refused"):
			what = "is not there: nothing listens"
		case e.Cause != nil && (errors.Is(e.Cause, errSilent) || timedOut(e.Cause)):
			what = "does not answer"
		}
		return text(doctor.StepProxy, fmt.Sprintf("the proxy %s, from %s, %s", e.Proxy, e.Variable, what))
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		kind := certificateProblem(e)
		if kind == "" && len(e.UnverifiedCertificates) > 0 {
			probe.Issuer, probe.Bundle = e.UnverifiedCertificates[len(e.UnverifiedCertificates)-1].Issuer.String(), p.bundle
			return text(doctor.StepTrust, "its certificate is not trusted")
		}
		return text(doctor.StepTLS, kind)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if e.IsTimeout {
			return text(doctor.StepName, "its name is not resolved: the name server does not answer")
		}
		return text(doctor.StepName, "its name does not resolve")
	}
	op, dialled := errors.AsType[*net.OpError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case plain:
		return text(doctor.StepTLS, "it does not speak TLS")
	case timedOut(err) || errors.Is(err, context.DeadlineExceeded):
		return text(doctor.StepConnect, "it does not answer")
	case dialled && op.Op == "dial":
		return text(doctor.StepConnect, op.Err.Error())
	case dialled && strings.Contains(op.Err.Error(), "tls:"):
		return text(doctor.StepTLS, op.Err.Error())
	}
	return text(doctor.StepConnect, "the connection breaks off")
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
