package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// Clocks differ, in containers and on other machines.
	backdate = 10 * time.Minute
	// Both ends of a validity belong to it (RFC 5280 section 4.1.2.5).
	validity = 7*24*time.Hour - time.Second

	maxLeaves = 512
)

// Hosts says what an Authority certifies.
type Hosts struct {
	AWS      bool     // what Served names: a Proxy's certificates
	Listener bool     // localhost, 127.0.0.0/8 and ::1: the Identity Center's own listener under TLS
	Names    []string // further names of that listener
}

// Authority is a private certificate authority made for one run: a root, whose
// key is dropped once it has signed one intermediate, and the intermediate,
// whose key lives in memory only and signs a certificate for each host that is
// asked for. All expire within seven days.
//
// What may be certified is written into both, as critical name constraints
// (RFC 5280 section 4.2.1.10), so that a client which trusts the root gives
// nobody more than that: the exact host names of the services that are served,
// some 690, and no address. They make a handshake 27 kB long, and a full one
// takes 2 ms to 6 ms in Go and OpenSSL. TLS stacks take that: Java, the least
// patient that AWS has an SDK for, up to 32 KiB, the others up to 64 KiB or
// more. Constraints of whole regions would be a tenth as long, and would open
// every service of AWS to whoever gets hold of the intermediate's key.
//
// A name in a constraint stands for what is under it, too; this is how buckets
// get certificates, and how "sso.us-east-1.amazonaws.com" covers
// "portal.sso.us-east-1.amazonaws.com".
//
// The root is meant for the variables that clients read, such as AWS_CA_BUNDLE,
// and for no store of an operating system.
type Authority struct {
	hosts        Hosts
	root         []byte // PEM
	intermediate *x509.Certificate
	key          *ecdsa.PrivateKey // the intermediate's
	clock        func() time.Time

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
	order  []string // of leaves, the oldest first
}

// NewAuthority makes an authority that is valid from a little before now.
func NewAuthority(now time.Time, hosts Hosts) (*Authority, error) {
	a := &Authority{hosts: hosts, clock: time.Now, leaves: map[string]*tls.Certificate{}}
	a.hosts.Names = slices.Clone(hosts.Names)
	for i, name := range a.hosts.Names {
		name = normalHost(name)
		if _, err := netip.ParseAddr(name); err == nil || !isHostName(name) {
			return nil, fmt.Errorf("%q cannot be certified: it must be a host name, such as idc.test, and no address", hosts.Names[i])
		}
		a.hosts.Names[i] = name
	}
	switch {
	case !hosts.AWS && !hosts.Listener:
		return nil, errors.New("there is no host to certify")
	case len(hosts.Names) > 0 && !hosts.Listener:
		return nil, errors.New("the names are the listener's, which is not to be certified")
	}

	rootKey, err := newKey()
	if err != nil {
		return nil, err
	}
	if a.key, err = newKey(); err != nil {
		return nil, err
	}
	root := a.template(now, "portico root of one run")
	root.MaxPathLen = 1
	rootDER, err := sign(root, root, &rootKey.PublicKey, rootKey)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(rootDER); err != nil {
		return nil, err
	}
	intermediate := a.template(now, "portico intermediate of one run")
	intermediate.MaxPathLenZero = true
	der, err := sign(intermediate, root, &a.key.PublicKey, rootKey)
	if err != nil {
		return nil, err
	}
	// From here on nothing holds the root's key.
	if a.intermediate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return a, nil
}

// template is what root and intermediate have in common.
func (a *Authority) template(now time.Time, name string) *x509.Certificate {
	c := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"portico"}, CommonName: name},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(-backdate + validity),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		PermittedDNSDomainsCritical: true,
	}
	if a.hosts.AWS {
		c.PermittedDNSDomains = awsSubtrees()
	}
	// Addresses that no constraint speaks of would all be permitted; where one
	// permits some, all others are not.
	if a.hosts.Listener {
		c.PermittedDNSDomains = append(append(c.PermittedDNSDomains, "localhost"), a.hosts.Names...)
		c.PermittedIPRanges = []*net.IPNet{prefix("127.0.0.0/8"), prefix("::1/128")}
	} else {
		c.ExcludedIPRanges = []*net.IPNet{prefix("0.0.0.0/0"), prefix("::/0")}
	}
	return c
}

func prefix(s string) *net.IPNet {
	_, n, err := net.ParseCIDR(s)
	if err != nil {
		panic(err) // a literal above
	}
	return n
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// sign completes a template and signs it. Its key identifier is RFC 7093's,
// section 2 method 1.
func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) ([]byte, error) {
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, err
	}
	serial[0] |= 0x40 // of one length, and not zero
	serial[0] &= 0x7f // and not negative
	template.SerialNumber = new(big.Int).SetBytes(serial)
	point, err := public.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(point)
	template.SubjectKeyId = sum[:20]
	return x509.CreateCertificate(rand.Reader, template, parent, public, key)
}

// PEM is the certificate of the root, for AWS_CA_BUNDLE and its like.
func (a *Authority) PEM() []byte { return slices.Clone(a.root) }

// NotAfter is the end of all certificates.
func (a *Authority) NotAfter() time.Time { return a.intermediate.NotAfter }

// GetCertificate is for a tls.Config. A client that names no host, because it
// goes to an address, gets the certificate of the host that it told the Proxy,
// or of the address it came to.
func (a *Authority) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := normalHost(hello.ServerName)
	if host == "" && hello.Conn != nil {
		if t, ok := hello.Conn.(*tunnel); ok {
			host = t.host
		} else if local, ok := hello.Conn.LocalAddr().(*net.TCPAddr); ok {
			host = local.IP.String()
		}
	}
	return a.certificate(host)
}

// certifies says whether host, in normal form, is one of the authority's.
func (a *Authority) certifies(host string) bool {
	if a.hosts.AWS && served(host) {
		return true
	}
	if !a.hosts.Listener {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() && ip.Zone() == ""
	}
	return host == "localhost" || slices.Contains(a.hosts.Names, host)
}

// errEnded says that the clients are not to blame.
var errEnded = errors.New("the certificates of this run have ended; restart the Identity Center")

// certificate is that of a host, from an earlier time if there was one.
func (a *Authority) certificate(host string) (*tls.Certificate, error) {
	if !a.certifies(host) {
		return nil, fmt.Errorf("there is no certificate for %q: it is none of the hosts of this authority", host)
	}
	if a.clock().After(a.NotAfter()) {
		return nil, errEnded
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.leaves[host]; ok {
		return c, nil
	}
	c, err := a.mint(host)
	if err != nil {
		return nil, err
	}
	if len(a.order) == maxLeaves {
		delete(a.leaves, a.order[0])
		a.order = a.order[1:]
	}
	a.leaves[host] = c
	a.order = append(a.order, host)
	return c, nil
}

func (a *Authority) mint(host string) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		// No client looks for a host in here: it could not, with the spaces.
		Subject:               pkix.Name{Organization: []string{"portico"}, CommonName: "portico, a local Identity Center"},
		NotBefore:             a.intermediate.NotBefore,
		NotAfter:              a.intermediate.NotAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	der, err := sign(leaf, a.intermediate, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.intermediate.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
