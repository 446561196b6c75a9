package doctor

import (
	"fmt"
	"time"
)

// networkChecks judge what the probes met. Each probe fails at one step, and that
// step is the cause.
func networkChecks() []Check {
	return family("The network",
		Check{ID: "proxy-unreachable", Severity: Error, Title: "The proxy does not answer, or refuses", Why: "No request leaves this machine.",
			Cure: "Correct HTTPS_PROXY, or unset it where there is no such proxy.", find: failed(StepProxy)},
		Check{ID: "dns", Severity: Error, Title: "The name of a service does not resolve", Why: "“Could not connect to the endpoint URL”. A wrong sso_region, a VPN that is off and a proxy that is not named all look like this.",
			Cure: "Check sso_region, then the network; behind a proxy, HTTPS_PROXY has to name it.", find: failed(StepName)},
		Check{ID: "endpoint-dead", Severity: Error, Title: "AWS_ENDPOINT_URL names an address where nothing listens", Why: "It usually is a local Identity Center that was stopped. Every AWS tool in this shell goes there.",
			Cure: "Start it again (`portico local start`), or unset AWS_ENDPOINT_URL.", find: endpointDead},
		Check{ID: "unreachable", Severity: Error, Title: "A service cannot be reached", Why: "Nobody can sign in from here.", Cure: "Check the network and its firewall; behind a proxy, HTTPS_PROXY has to name it.", find: unreachable},
		Check{ID: "ca-untrusted", Severity: Error, Title: "A proxy that inspects TLS is not trusted",
			Why:  "“SSL validation failed … certificate verify failed”. The certificate seen was not issued by an authority that this machine trusts.",
			Cure: "Ask whoever runs the network for the authority's certificate, and name its file: `export AWS_CA_BUNDLE=FILE`, or `ca_bundle = FILE` in the profile.", find: untrusted},
		Check{ID: "tls", Severity: Error, Title: "A TLS connection fails for another reason than trust", Why: "Something else answers in the service's place, or its certificate is over.",
			Cure: "Look at the address and at this machine's clock.", find: failed(StepTLS)},
		Check{ID: "answer", Severity: Warning, Title: "What answers is not the service", Why: "A sign-in page of the network, or a proxy, answers in its place.", Cure: "Open a browser and sign in to the network.", find: failed(StepAnswer)},
		Check{ID: "clock-skew", Severity: Error, Title: "This machine's clock is wrong",
			Why:  "Signatures are refused (“Signature expired”, RequestTimeTooSkewed), valid sign-ins look expired and expired ones valid. After sleep, WSL's clock stands still.",
			Cure: "Set the clock: `sudo ntpdate pool.ntp.org` or `sudo hwclock -s` (WSL).", find: clockSkew},
	)
}

var stepCure = map[string]string{
	StepProxy:  "Correct the variable, or unset it where there is no such proxy.",
	StepName:   "Check the region in the name, the network, the VPN; behind a proxy, HTTPS_PROXY has to name it.",
	StepTLS:    "See what answers there: openssl s_client -connect %s:443",
	StepAnswer: "Open a browser and see whether the network wants a sign-in.",
}

// failed reports the probes that ended at a step: one finding for each cause.
func failed(step string) func(*Facts, func(Finding)) {
	return func(f *Facts, report func(Finding)) {
		for _, p := range f.Probes {
			if p.Step != step {
				continue
			}
			cure := stepCure[step]
			if step == StepTLS {
				cure = fmt.Sprintf(cure, p.Host)
			}
			report(Finding{What: fmt.Sprintf("%s: %s", p.Host, p.Problem), Cure: cure, Where: p.For})
		}
	}
}

func endpointDead(f *Facts, report func(Finding)) {
	for _, p := range f.Probes {
		if p.Step == StepConnect && p.Endpoint != "" {
			report(Finding{What: fmt.Sprintf("%s names %s, where nothing listens", p.Endpoint, p.Host),
				Cure: fmt.Sprintf("%s local start, or: unset %s", f.Program, p.Endpoint), Where: p.Endpoint})
		}
	}
}

func unreachable(f *Facts, report func(Finding)) {
	for _, p := range f.Probes {
		if p.Step == StepConnect && p.Endpoint == "" {
			report(Finding{What: fmt.Sprintf("%s cannot be reached: %s", p.Host, p.Problem), Cure: "Check the network, the VPN and the firewall; behind a proxy, HTTPS_PROXY has to name it.", Where: p.For})
		}
	}
}

func untrusted(f *Facts, report func(Finding)) {
	for _, p := range f.Probes {
		if p.Step != StepTrust {
			continue
		}
		found := Finding{What: fmt.Sprintf("%s shows a certificate issued by %q, which this machine does not trust", p.Host, p.Issuer),
			Cure: "If that is your network's proxy: export AWS_CA_BUNDLE=FILE with its CA certificate, or set ca_bundle = FILE in the profile.", Where: p.For}
		if p.Bundle != "" {
			found.What = fmt.Sprintf("%s shows a certificate issued by %q, which is not in the ca_bundle %s", p.Host, p.Issuer, p.Bundle)
			found.Cure = fmt.Sprintf("If that is your network's proxy, add its CA certificate to %s; else take the setting away.", p.Bundle)
		}
		report(found)
	}
}

// skew is how wrong a clock may be before AWS minds, or nearly.
const skew = 4 * time.Minute

func clockSkew(f *Facts, report func(Finding)) {
	for _, p := range f.Probes {
		if !p.Dated || p.Ahead.Abs() < skew {
			continue
		}
		direction := "behind"
		if p.Ahead < 0 {
			direction = "ahead of"
		}
		cure := "Set the clock, for example: sudo timedatectl set-ntp true (in WSL: sudo hwclock -s)"
		switch f.OS {
		case "darwin":
			cure = "Set the clock: sudo sntp -sS time.apple.com"
		case "windows":
			cure = "Set the clock: w32tm /resync"
		}
		report(Finding{What: fmt.Sprintf("this machine's clock is %s %s %s's", round(p.Ahead.Abs()), direction, p.Host), Cure: cure, Where: "clock"})
		return // there is one clock
	}
}
