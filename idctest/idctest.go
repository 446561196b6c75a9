package idctest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/browse"
	"github.com/portico-sso/portico/internal/idc/control"
)

// IdentityCenter is an Identity Center that runs.
type IdentityCenter struct {
	URL      string // of the APIs and pages: http://127.0.0.1:8642
	StartURL string // what clients are configured with: https://d-1234567890.awsapps.com/start
	Region   string // the Identity Center's: us-east-1

	server    *idc.Server
	control   *control.Client
	client    *http.Client
	transport *http.Transport // of client
	stop      context.CancelFunc
	served    chan error
	closeOnce sync.Once
	closeErr  error
}

// New starts an Identity Center for a test, which ends with it. In a synctest
// bubble t must be the bubble's.
func New(t testing.TB, options ...Option) *IdentityCenter {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	ic, err := Start(t.Context(), append([]Option{Log(log)}, options...)...)
	if err != nil {
		t.Fatalf("idctest: %v", err)
	}
	t.Cleanup(func() {
		if err := ic.Close(); err != nil {
			t.Errorf("idctest: %v", err)
		}
	})
	return ic
}

// Start starts an Identity Center where there is no test to end it: in TestMain,
// or in an example. ctx bounds starting alone; Close ends it.
func Start(ctx context.Context, options ...Option) (*IdentityCenter, error) {
	s := settings{config: idc.Config{
		BaseURL:    idc.DefaultBaseURL,
		ControlKey: control.NewKey(),
		Log:        slog.New(slog.DiscardHandler),
	}}
	for _, o := range options {
		if err := o.apply(&s); err != nil {
			return nil, err
		}
	}
	ic := &IdentityCenter{served: make(chan error, 1)}
	listener, err := ic.listen(&s)
	if err != nil {
		return nil, err
	}
	ic.server, err = idc.New(ctx, s.config)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	instance, _, err := ic.server.Describe(ctx)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), ic.server.Close())
	}
	ic.URL, ic.StartURL, ic.Region = s.config.BaseURL, instance.StartURL, instance.Region
	ic.control = &control.Client{Record: control.Record{Address: ic.URL, Key: s.config.ControlKey}, HTTP: ic.client}

	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	ic.stop = stop
	go func() { ic.served <- ic.server.Serve(serving, listener) }()
	if err := ic.prepare(ctx, &s); err != nil {
		return nil, errors.Join(err, ic.Close())
	}
	return ic, nil
}

// prepare does what options ask of an Identity Center that is there.
func (ic *IdentityCenter) prepare(ctx context.Context, s *settings) error {
	for _, f := range s.faults {
		if _, err := ic.Inject(ctx, f); err != nil {
			return err
		}
	}
	// The latest is tried first.
	for _, d := range slices.Backward(s.decisions) {
		if err := ic.Decide(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// listen makes the listener, and the HTTP client that reaches it.
func (ic *IdentityCenter) listen(s *settings) (net.Listener, error) {
	var dialer net.Dialer
	transport := &http.Transport{}
	ic.client, ic.transport = &http.Client{Transport: transport}, transport
	if s.listen {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s.config.BaseURL = "http://" + l.Addr().String()
		transport.DialContext = thisMachine(dialer.DialContext)
		return l, nil
	}
	l := newPipeListener()
	// A new pipe costs nothing, and an idle one would keep a bubble's clock
	// running after all else came to rest.
	transport.DisableKeepAlives = true
	transport.DialContext = thisMachine(func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, port, err := net.SplitHostPort(address); err == nil && port == pipePort {
			return l.dial(ctx)
		}
		return dialer.DialContext(ctx, network, address) // the callback of a client
	})
	return l, nil
}

// Close ends it. Whatever is under way has five seconds to finish. New does this
// by itself.
func (ic *IdentityCenter) Close() error {
	ic.closeOnce.Do(func() {
		ic.stop()
		err := <-ic.served
		ic.client.CloseIdleConnections()
		ic.closeErr = errors.Join(err, ic.server.Close())
	})
	return ic.closeErr
}

// HTTPClient returns a client that reaches the Identity Center, and nothing
// beyond this machine: a call that was meant for it but went to AWS fails
// instead.
func (ic *IdentityCenter) HTTPClient() *http.Client {
	c := *ic.client
	return &c
}

// AWSConfig is a configuration for clients of the AWS SDK that reaches the
// Identity Center and signs nothing. Set Credentials for calls that need them.
func (ic *IdentityCenter) AWSConfig() aws.Config {
	return aws.Config{
		Region:       ic.Region,
		BaseEndpoint: aws.String(ic.URL),
		HTTPClient:   ic.HTTPClient(),
		Credentials:  aws.AnonymousCredentials{},
	}
}

// LoadOptions are for a program that makes its configuration by
// config.LoadDefaultConfig: with them it reaches the Identity Center whatever the
// environment and ~/.aws/config say about endpoints. Credentials are left to the
// program, as those of a profile with sso_session.
//
//	cfg, err := config.LoadDefaultConfig(ctx, ic.LoadOptions()...)
func (ic *IdentityCenter) LoadOptions() []func(*config.LoadOptions) error {
	// The SDK's own kind of client is the only one it takes together with
	// AWS_CA_BUNDLE.
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy, t.DialContext, t.DisableKeepAlives = nil, ic.transport.DialContext, ic.transport.DisableKeepAlives
	})
	return []func(*config.LoadOptions) error{
		config.WithRegion(ic.Region), config.WithBaseEndpoint(ic.URL), config.WithHTTPClient(client),
	}
}

// Env is the environment, NAME=value each, that points AWS programs at the
// Identity Center: AWS_ENDPOINT_URL for all services and for each, because
// programs differ in which they honour, and NO_PROXY. Another process reaches it
// only with [Listen].
func (ic *IdentityCenter) Env() []string {
	return idc.Environment(ic.URL, os.Getenv("NO_PROXY"))
}

// Approve opens the address of a sign-in as a person and allows what it asks:
// the verificationUriComplete of a device code, or the /authorize address of an
// authorization code, whose callback is then delivered to the program that
// waits for it on this machine.
func (ic *IdentityCenter) Approve(ctx context.Context, user, url string) error {
	return ic.decide(ctx, &browse.Browser{Control: ic.control, User: user, HTTP: ic.client}, url)
}

// Deny opens the address of a sign-in as a person and denies what it asks.
func (ic *IdentityCenter) Deny(ctx context.Context, user, url string) error {
	return ic.decide(ctx, &browse.Browser{Control: ic.control, User: user, Deny: true, HTTP: ic.client}, url)
}

func (ic *IdentityCenter) decide(ctx context.Context, b *browse.Browser, url string) error {
	callback, err := b.Visit(ctx, url)
	if err != nil || callback == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return browse.Deliver(ctx, ic.client, callback)
}
