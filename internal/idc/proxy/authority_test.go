package proxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newAuthority(t testing.TB, now time.Time, hosts Hosts) *Authority {
	t.Helper()
	a, err := NewAuthority(now, hosts)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	a.clock = func() time.Time { return now.Add(time.Since(began)) }
	return a
}

func rootOf(t testing.TB, a *Authority) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(a.PEM())
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("got %.60q, want one certificate", a.PEM())
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAuthority(t *testing.T) {
	serials := map[string]bool{}
	for name, hosts := range map[string]Hosts{
		"AWS":      {AWS: true},
		"listener": {Listener: true, Names: []string{"IDC.test."}},
		"both":     {AWS: true, Listener: true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t, noon, hosts)
			root := rootOf(t, a)
			if err := root.CheckSignatureFrom(root); err != nil {
				t.Errorf("the root is not signed by itself: %v", err)
			}
			for name, c := range map[string]*x509.Certificate{"root": root, "intermediate": a.intermediate} {
				if !c.IsCA || !c.BasicConstraintsValid || c.KeyUsage != x509.KeyUsageCertSign || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
					t.Errorf("%s: got CA %v, usage %v, %v", name, c.IsCA, c.KeyUsage, c.ExtKeyUsage)
				}
				if !critical(c, "2.5.29.30") || !critical(c, "2.5.29.19") || !critical(c, "2.5.29.15") {
					t.Errorf("%s: name constraints, basic constraints or key usage are not critical", name)
				}
				if len(c.PermittedDNSDomains) == 0 || len(c.ExcludedDNSDomains) > 0 {
					t.Errorf("%s: got %d permitted names", name, len(c.PermittedDNSDomains))
				}
				got := fmt.Sprint(c.PermittedIPRanges, c.ExcludedIPRanges)
				want := "[] [0.0.0.0/0 ::/0]"
				if hosts.Listener {
					want = "[127.0.0.0/8 ::1/128] []"
				}
				if got != want {
					t.Errorf("%s: got addresses %s, want %s", name, got, want)
				}
			}
			if root.MaxPathLen != 1 || a.intermediate.MaxPathLen != 0 || !a.intermediate.MaxPathLenZero {
				t.Errorf("got path lengths %d, %d, want 1, 0", root.MaxPathLen, a.intermediate.MaxPathLen)
			}
			leaf := "localhost"
			if hosts.AWS {
				leaf = "oidc.us-east-1.amazonaws.com"
			}
			l := leafOf(t, a, leaf)
			if l.IsCA || l.KeyUsage != x509.KeyUsageDigitalSignature || !slices.Equal(l.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) ||
				!slices.Equal(l.DNSNames, []string{leaf}) || len(l.IPAddresses) > 0 {
				t.Errorf("leaf: got CA %v, usage %v, %v, for %v %v", l.IsCA, l.KeyUsage, l.ExtKeyUsage, l.DNSNames, l.IPAddresses)
			}
			for parent, c := range map[*x509.Certificate]*x509.Certificate{root: a.intermediate, a.intermediate: l} {
				if len(c.SubjectKeyId) != 20 || !bytes.Equal(c.AuthorityKeyId, parent.SubjectKeyId) || bytes.Equal(c.SubjectKeyId, parent.SubjectKeyId) {
					t.Errorf("%s: got key identifiers %x, %x", c.Subject.CommonName, c.SubjectKeyId, c.AuthorityKeyId)
				}
			}
			for _, c := range []*x509.Certificate{root, a.intermediate, l} {
				if c.PublicKeyAlgorithm != x509.ECDSA || c.SignatureAlgorithm != x509.ECDSAWithSHA256 {
					t.Errorf("got %v, %v", c.PublicKeyAlgorithm, c.SignatureAlgorithm)
				}
				if d := noon.Sub(c.NotBefore); d < 5*time.Minute || d > time.Hour {
					t.Errorf("got valid %s before", d)
				}
				if d := c.NotAfter.Add(time.Second).Sub(c.NotBefore); d > 7*24*time.Hour || d < 6*24*time.Hour {
					t.Errorf("got valid for %s", d)
				}
				if serial := c.SerialNumber.String(); c.SerialNumber.BitLen() < 100 || c.SerialNumber.Sign() <= 0 || len(c.SerialNumber.Bytes()) > 20 || serials[serial] {
					t.Errorf("got serial %s", serial)
				} else {
					serials[serial] = true
				}
			}
		})
	}
	for _, hosts := range []Hosts{
		{}, {Names: []string{"idc.test"}}, {AWS: true, Names: []string{"idc.test"}},
		{Listener: true, Names: []string{""}}, {Listener: true, Names: []string{"idc.test:8642"}}, {Listener: true, Names: []string{"*.test"}},
		{Listener: true, Names: []string{"192.0.2.7"}}, {Listener: true, Names: []string{"::1"}}, {Listener: true, Names: []string{".test"}},
	} {
		if _, err := NewAuthority(noon, hosts); err == nil {
			t.Errorf("%+v: got an authority", hosts)
		}
	}
}

func critical(c *x509.Certificate, id string) bool {
	for _, e := range c.Extensions {
		if e.Id.String() == id {
			return e.Critical
		}
	}
	return false
}

func leafOf(t testing.TB, a *Authority, host string) *x509.Certificate {
	t.Helper()
	c, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: host})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf
}

// verify judges a chain as Go's clients do.
func verify(t testing.TB, a *Authority, c *tls.Certificate, host string) error {
	t.Helper()
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(rootOf(t, a))
	for _, der := range c.Certificate[1:] {
		i, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		intermediates.AddCert(i)
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: intermediates, CurrentTime: noon})
	return err
}

// Every host that is served gets a certificate that holds, and only those do.
func TestCertificates(t *testing.T) {
	a := newAuthority(t, noon, Hosts{AWS: true})
	hosts := []string{"dev-artifacts.s3.eu-west-1.amazonaws.com", "a.b.s3.amazonaws.com"}
	for h := range awsHosts() {
		hosts = append(hosts, h)
	}
	if len(hosts) < 600 {
		t.Fatalf("got %d hosts", len(hosts))
	}
	for _, h := range hosts {
		c, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: h})
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(t, a, c, h); err != nil {
			t.Errorf("%s: %v", h, err)
		}
	}
	for _, h := range []string{"", "localhost", "127.0.0.1", "::1", "example.com", "ec2.us-east-1.amazonaws.com", "x.oidc.us-east-1.amazonaws.com", "idc.test"} {
		if c, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: h}); err == nil {
			t.Errorf("%q: got a certificate for %v", h, c.Leaf.DNSNames)
		}
	}

	own := newAuthority(t, noon, Hosts{Listener: true, Names: []string{"IDC.test"}})
	for _, h := range []string{"localhost", "LOCALHOST.", "idc.test", "127.0.0.1", "127.1.2.3", "::1"} {
		c, err := own.GetCertificate(&tls.ClientHelloInfo{ServerName: h})
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(t, own, c, normalHost(h)); err != nil {
			t.Errorf("%s: %v", h, err)
		}
	}
	for _, h := range []string{"", "oidc.us-east-1.amazonaws.com", "10.0.0.1", "::2", "::1%lo", "idc.test.example.com", "x.localhost"} {
		if c, err := own.GetCertificate(&tls.ClientHelloInfo{ServerName: h}); err == nil {
			t.Errorf("%q: got a certificate for %v", h, c.Leaf.DNSNames)
		}
	}
}

// foreign is a certificate that the intermediate's key signs although it may
// not, as a thief of the key would.
func foreign(t testing.TB, a *Authority, host string) *tls.Certificate {
	t.Helper()
	c, err := a.mint(host)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var foreignHosts = []string{
	"example.com", "console.aws.amazon.com", "signin.aws.amazon.com", "ec2.us-east-1.amazonaws.com", "amazonaws.com", "us-east-1.amazonaws.com",
	"d-1234567890.awsapps.com", "oidc.us-east-1.amazonaws.com.example.com", "localhost", "127.0.0.1", "192.0.2.7", "::1", "2001:db8::1",
}

func TestForeignLeaf(t *testing.T) {
	a := newAuthority(t, noon, Hosts{AWS: true})
	for _, h := range foreignHosts {
		if err := verify(t, a, foreign(t, a, h), h); err == nil {
			t.Errorf("a certificate for %s holds", h)
		}
	}
	own := newAuthority(t, noon, Hosts{Listener: true})
	for _, h := range []string{"example.com", "oidc.us-east-1.amazonaws.com", "192.0.2.7", "10.0.0.1", "2001:db8::1", "169.254.169.254"} {
		if err := verify(t, own, foreign(t, own, h), h); err == nil {
			t.Errorf("a certificate for %s holds", h)
		}
	}
}

// What the intermediate would sign as one more authority is none.
func TestNoFurtherAuthority(t *testing.T) {
	a := newAuthority(t, noon, Hosts{AWS: true})
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := sign(a.template(noon, "one more"), a.intermediate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	second := &Authority{hosts: a.hosts, key: key}
	if second.intermediate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	c := foreign(t, second, "oidc.us-east-1.amazonaws.com")
	c.Certificate = append(c.Certificate, a.intermediate.Raw)
	if err := verify(t, a, c, "oidc.us-east-1.amazonaws.com"); err == nil || !strings.Contains(err.Error(), "too many intermediates") {
		t.Errorf("got %v, want the path length refused", err)
	}
}

// TLS stacks bound what a handshake may be long: the least that AWS has an SDK
// for is Java's, 32 KiB for the chain.
func TestChainSize(t *testing.T) {
	a := newAuthority(t, noon, Hosts{AWS: true, Listener: true})
	c, err := a.certificate("sts.us-east-1.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, der := range c.Certificate {
		size += len(der)
	}
	t.Logf("%d names, %d bytes", len(a.intermediate.PermittedDNSDomains), size)
	if size > 30_000 {
		t.Errorf("got a chain of %d bytes", size)
	}
}

func TestCertificateCache(t *testing.T) {
	a := newAuthority(t, noon, Hosts{AWS: true})
	first := leafOf(t, a, "STS.amazonaws.com.")
	if leafOf(t, a, "sts.amazonaws.com") != first {
		t.Error("a second certificate was made for one host")
	}
	for i := range maxLeaves {
		leafOf(t, a, fmt.Sprintf("b%d.s3.amazonaws.com", i))
	}
	if len(a.leaves) != maxLeaves || len(a.order) != maxLeaves {
		t.Errorf("got %d certificates held, %d in order, want %d", len(a.leaves), len(a.order), maxLeaves)
	}
	if leafOf(t, a, "sts.amazonaws.com") == first {
		t.Error("the oldest is still held")
	}
}

// A client that goes to an address names no host.
func TestCertificateWithoutName(t *testing.T) {
	a := newAuthority(t, time.Now(), Hosts{Listener: true})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: a.GetCertificate})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake()
			_ = c.Close()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(rootOf(t, a))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost"} {
		c, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: roots, ServerName: host})
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = c.Close()
	}
}

// Nobody is given what has ended, not even a certificate that was made before.
func TestCertificatesEnd(t *testing.T) {
	a := newAuthority(t, noon, Hosts{AWS: true})
	if got := a.NotAfter(); !got.Equal(rootOf(t, a).NotAfter) || !got.Equal(leafOf(t, a, "sts.amazonaws.com").NotAfter) {
		t.Errorf("got the end %s", got)
	}
	at := a.NotAfter()
	a.clock = func() time.Time { return at }
	leafOf(t, a, "oidc.us-east-1.amazonaws.com")
	at = at.Add(time.Nanosecond)
	for _, host := range []string{"sts.amazonaws.com", "b.s3.amazonaws.com"} {
		if _, err := a.certificate(host); err == nil || !strings.Contains(err.Error(), "restart the Identity Center") {
			t.Errorf("%s: got %v, want that they have ended", host, err)
		}
	}
	if fresh, err := NewAuthority(time.Now(), Hosts{AWS: true}); err != nil || leafOf(t, fresh, "sts.amazonaws.com") == nil {
		t.Errorf("got %v", err)
	}
}
