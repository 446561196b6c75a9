package proxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

func TestServed(t *testing.T) {
	for host, want := range map[string]bool{
		"oidc.us-east-1.amazonaws.com":                  true,
		"OIDC.US-East-1.AmazonAWS.com":                  true,
		"oidc.us-east-1.amazonaws.com.":                 true,
		"portal.sso.eu-central-1.amazonaws.com":         true,
		"portal.sso-fips.us-gov-west-1.api.aws":         true,
		"sso.ap-southeast-5.amazonaws.com":              true,
		"sts.amazonaws.com":                             true,
		"sts.eu-west-1.api.aws":                         true,
		"organizations.us-east-1.amazonaws.com":         true,
		"organizations.cn-northwest-1.amazonaws.com.cn": true,
		"oidc.cn-north-1.amazonaws.com.cn":              true,
		"oidc.cn-north-1.api.amazonwebservices.com.cn":  true,
		"portal.sso.us-gov-east-1.amazonaws.com":        true,
		"sts.us-iso-east-1.c2s.ic.gov":                  true,
		"sts.us-isob-east-1.sc2s.sgov.gov":              true,
		"sts.eu-isoe-west-1.cloud.adc-e.uk":             true,
		"sts.us-isof-south-1.csp.hci.ic.gov":            true,
		"oidc.eusc-de-east-1.amazonaws.eu":              true,
		"oidc.eusc-de-east-1.api.amazonwebservices.eu":  true,
		"s3.amazonaws.com":                              true,
		"s3-us-west-2.amazonaws.com":                    true,
		"s3.dualstack.us-west-2.amazonaws.com":          true,
		"s3-fips.dualstack.us-west-2.amazonaws.com":     true,
		"bucket.s3.us-west-2.amazonaws.com":             true,
		"my.own.bucket.s3.amazonaws.com":                true,
		"bucket.s3.dualstack.eu-west-3.amazonaws.com":   true,
		"":                                             false,
		".":                                            false,
		"amazonaws.com":                                false,
		"us-east-1.amazonaws.com":                      false,
		"oidc.us-east-1.amazonaws.com..":               false,
		".oidc.us-east-1.amazonaws.com":                false,
		"x.oidc.us-east-1.amazonaws.com":               false,
		"oidc.us-east-1.amazonaws.com.evil.test":       false,
		"oidc.us-east-1.amazonaws.com.cn":              false,
		"oidc.us-east-1.amazonaws.com:443":             false,
		"oidc.us-east-9.amazonaws.com":                 false,
		"oidc.aws-global.amazonaws.com":                false,
		"oidc-fips.eu-west-1.amazonaws.com":            false, // there are none in Europe
		"portal.us-east-1.amazonaws.com":               false,
		"ec2.us-east-1.amazonaws.com":                  false,
		"organizations.us-west-2.amazonaws.com":        false,
		"signin.aws.amazon.com":                        false,
		"console.aws.amazon.com":                       false,
		"d-1234567890.awsapps.com":                     false,
		"s3-control.us-east-1.amazonaws.com":           false,
		"-.s3.amazonaws.com":                           false,
		"a..s3.amazonaws.com":                          false,
		"a_b.s3.amazonaws.com":                         false,
		"*.s3.amazonaws.com":                           false,
		"a b.s3.amazonaws.com":                         false,
		"bücket.s3.amazonaws.com":                      false,
		strings.Repeat("a", 64) + ".s3.amazonaws.com":  false,
		strings.Repeat("a.", 200) + "s3.amazonaws.com": false,
		"sts.us-east-1.amazonaws.com\u212a":            false,
		"identitystore.us-east-1.amazonaws.com\x00":    false,
		"127.0.0.1":                                    false,
		"169.254.169.254":                              false,
		"[::1]":                                        false,
		"localhost":                                    false,
	} {
		if got := Served(host); got != want {
			t.Errorf("%q: got %v, want %v", host, got, want)
		}
	}
}

// sdkPartitions are those of the AWS SDK's own table.
func sdkPartitions(t *testing.T) map[string][]string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(string(bytes.TrimSpace(dir)), "internal", "endpoints", "awsrulesfn", "partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Partitions []struct {
			ID      string
			Regions map[string]any
		}
	}
	if err := json.Unmarshal(b, &table); err != nil {
		t.Fatal(err)
	}
	regions := map[string][]string{}
	for _, p := range table.Partitions {
		for r := range p.Regions {
			if !strings.HasSuffix(r, "-global") { // no region, and no host has it in its name
				regions[p.ID] = append(regions[p.ID], r)
			}
		}
	}
	return regions
}

// Whatever the AWS SDK for Go makes of a region is served, so that a region new
// to the SDK shows here.
func TestHostsOfGoSDK(t *testing.T) {
	type host func(region string, fips, dual bool) (smithyendpoints.Endpoint, error)
	ctx := t.Context()
	services := map[string]host{
		"sso-oidc": func(region string, fips, dual bool) (smithyendpoints.Endpoint, error) {
			return ssooidc.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssooidc.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual})
		},
		"sso": func(region string, fips, dual bool) (smithyendpoints.Endpoint, error) {
			return sso.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sso.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual})
		},
		"sts": func(region string, fips, dual bool) (smithyendpoints.Endpoint, error) {
			return sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual, UseGlobalEndpoint: aws.Bool(false)})
		},
		"sts, global": func(region string, fips, dual bool) (smithyendpoints.Endpoint, error) {
			return sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual, UseGlobalEndpoint: aws.Bool(true)})
		},
		"s3": func(region string, fips, dual bool) (smithyendpoints.Endpoint, error) {
			return s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual})
		},
		"s3, a bucket": func(region string, fips, dual bool) (smithyendpoints.Endpoint, error) {
			return s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual, Bucket: aws.String("dev-artifacts")})
		},
	}
	seen := 0
	for partition, regions := range sdkPartitions(t) {
		for _, region := range regions {
			for service, resolve := range services {
				for _, fips := range []bool{false, true} {
					for _, dual := range []bool{false, true} {
						if fips && !hasFIPS(region) {
							continue
						}
						e, err := resolve(region, fips, dual)
						if err != nil {
							if strings.HasPrefix(service, "s3") && partition == "aws-cn" {
								continue // no FIPS there
							}
							t.Errorf("%s in %s: %v", service, region, err)
							continue
						}
						seen++
						if !Served(e.URI.Hostname()) {
							t.Errorf("%s in %s (FIPS %v, dual-stack %v): %s is not served", service, region, fips, dual, e.URI.Hostname())
						}
					}
				}
			}
		}
	}
	if seen < 500 {
		t.Errorf("got %d endpoints from the SDK", seen)
	}
}

// The same of botocore, which has all the services, in whichever version there is.
func TestHostsOfBotocore(t *testing.T) {
	const script = `
import sys
from urllib.parse import urlsplit
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
loader = Loader()
partitions = loader.load_data('partitions')
for service in ['sso-oidc', 'sso', 'sso-admin', 'sts', 'identitystore', 'organizations', 's3']:
    rules = loader.load_service_model(service, 'endpoint-rule-set-1')
    provider = EndpointProvider(rules, partitions)
    for partition in partitions['partitions']:
        for region in partition['regions']:
            for fips in False, True:
                for dual in False, True:
                    for more in {}, {'UseGlobalEndpoint': True}:
                        asked = dict(Region=region, UseFIPS=fips, UseDualStack=dual, **more)
                        asked = {k: v for k, v in asked.items() if k in rules['parameters']}
                        try:
                            endpoint = provider.resolve_endpoint(**asked)
                        except Exception:
                            continue  # a variant that does not exist
                        print(service, region, fips, urlsplit(endpoint.url).hostname)
`
	python := needPython("import botocore.endpoint_provider")(t)
	cmd := exec.CommandContext(t.Context(), python, "-c", script)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		f := strings.Fields(s.Text())
		service, region, fips, host := f[0], f[1], f[2] == "True", f[3]
		switch {
		case strings.HasSuffix(region, "-global"), fips && !hasFIPS(region):
			continue
		case service == "organizations" && !strings.Contains(host, ".api.") && !slices.ContainsFunc(partitions, func(p partition) bool { return strings.Contains(host, "."+p.organizations+".") }):
			continue // it is in one region of each partition, and the rules do not know of all
		}
		seen++
		if !Served(host) {
			t.Errorf("%s in %s: %s is not served", service, region, host)
		}
	}
	if seen < 500 {
		t.Errorf("got %d endpoints from botocore", seen)
	}
}

func FuzzServed(f *testing.F) {
	for _, host := range []string{"oidc.us-east-1.amazonaws.com", "B.s3.Amazonaws.com.", "s3.amazonaws.com.evil.test", "..", "[::1]", "ſts.amazonaws.com"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		got := Served(host)
		if got != Served(strings.TrimSuffix(host, ".")+".") && !strings.HasSuffix(host, ".") {
			t.Errorf("%q: a dot at the end makes a difference", host)
		}
		if !got {
			return
		}
		name := normalHost(host)
		if name != normalHost(name) || !isHostName(name) {
			t.Errorf("%q is served as %q", host, name)
		}
		if !slices.ContainsFunc(partitions, func(p partition) bool {
			return strings.HasSuffix(name, "."+p.suffix) || strings.HasSuffix(name, "."+p.dual)
		}) {
			t.Errorf("%q is served and of no partition", host)
		}
	})
}

func FuzzTarget(f *testing.F) {
	for _, target := range []string{"oidc.us-east-1.amazonaws.com:443", "[::1]:443", "host", ":443", "a:b:443", "[fe80::1%eth0]:443", "h:0443", "h:-1", "A.:1"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		host, port, ok := parseTarget(target)
		if !ok {
			return
		}
		if strings.ContainsAny(host+port, " \t\r\n/@[]%\x00") || printable(host) != host {
			t.Errorf("%q: got host %q, port %q", target, host, port)
		}
		// What it takes apart is what was said, and nothing is left out.
		rest, _ := strings.CutSuffix(target, ":"+port)
		if bare := strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]"); !strings.EqualFold(strings.TrimSuffix(bare, "."), strings.TrimSuffix(host, ".")) {
			t.Errorf("%q: got host %q, port %q", target, host, port)
		}
	})
}
