package admin

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// A service is what the generated file of one offers.
type service struct {
	command  string
	table    func() *awsmodel.Service
	call     func(ctx context.Context, cfg aws.Config, operation string, fill func(input any) error) error
	union    func(member string) any
	document func(value any) any
	read     func(body []byte, op *awsmodel.Operation, wireTimes bool) (output.Object, error)
}

// services are those portico knows whole, in the order of its help text. None of
// the tables is built before somebody asks for it.
var services = []service{
	{command: "sso", table: ssoTable, call: ssoCall, read: readJSON},
	{command: "sso-oidc", table: ssooidcTable, call: ssooidcCall, read: readJSON},
	{command: "sso-admin", table: ssoadminTable, call: ssoadminCall, union: ssoadminUnion, document: ssoadminDocument, read: readJSON},
	{command: "identitystore", table: identitystoreTable, call: identitystoreCall, union: identitystoreUnion, document: identitystoreDocument, read: readJSON},
	{command: "organizations", table: organizationsTable, call: organizationsCall, read: readJSON},
	{command: "sts", table: stsTable, call: stsCall, read: readQuery},
}

// Services describes every service that portico knows whole.
func Services() []*awsmodel.Service {
	all := make([]*awsmodel.Service, len(services))
	for i, s := range services {
		all[i] = s.table()
	}
	return all
}

// Service describes the service of a command; nil when there is none.
func Service(command string) *awsmodel.Service {
	if s := find(command); s != nil {
		return s.table()
	}
	return nil
}

func find(command string) *service {
	for i := range services {
		if services[i].command == command {
			return &services[i]
		}
	}
	return nil
}

// invoke calls a typed method of the SDK with an input that fill fills in. The
// answer is read from the body, see [recorder].
func invoke[In, Out, Option any](ctx context.Context, fill func(input any) error, call func(context.Context, *In, ...Option) (*Out, error)) error {
	in := new(In)
	if err := fill(in); err != nil {
		return err
	}
	_, err := call(ctx, in)
	return err
}

// A recorder keeps the body of the last answer. The SDK judges it, but its
// structs cannot tell a false or a zero from what is absent.
type recorder struct {
	http *http.Client
	body bytes.Buffer
}

// Do sends a request, for the SDK.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	resp, err := r.http.Do(req)
	r.body.Reset()
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(resp.Body, &r.body), resp.Body}
	}
	return resp, err
}
