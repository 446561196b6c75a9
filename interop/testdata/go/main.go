// Command go drives the AWS SDK for Go. See package interop.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// A call is what the tests ask for.
type call struct {
	Service, Operation string
	Input              json.RawMessage
	Pages              bool   // all of them, by the SDK's paginator
	Profile            string // whose credentials sign, by the SDK's own providers
	Keys               struct{ AccessKeyID, SecretAccessKey, SessionToken string }
}

// A failure is what the SDK makes of an error.
type failure struct {
	Code, Error, Message string
	Status               int
	Typed                bool // as an error type of its own
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for in.More() {
		var c call
		if err := in.Decode(&c); err != nil {
			log.Fatal(err)
		}
		result, err := c.do(context.Background())
		answer := map[string]any{"output": result}
		if err != nil {
			answer = map[string]any{"error": describe(err)}
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

func (c call) do(ctx context.Context) (any, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion("us-east-1")}
	switch {
	case c.Keys.AccessKeyID != "":
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.Keys.AccessKeyID, c.Keys.SecretAccessKey, c.Keys.SessionToken)))
	case c.Profile != "":
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	var client any
	switch c.Service {
	case "sso-oidc":
		client = ssooidc.NewFromConfig(cfg)
	case "sso":
		client = sso.NewFromConfig(cfg)
	case "sts":
		client = sts.NewFromConfig(cfg)
	}
	operation := reflect.ValueOf(client).MethodByName(c.Operation)
	if !operation.IsValid() {
		return nil, fmt.Errorf("%s has no %s", c.Service, c.Operation)
	}
	input := reflect.New(operation.Type().In(1).Elem())
	if c.Input != nil {
		if err := json.Unmarshal(c.Input, input.Interface()); err != nil {
			return nil, err
		}
	}
	if c.Pages {
		switch in := input.Interface().(type) {
		case *sso.ListAccountsInput:
			p := sso.NewListAccountsPaginator(client.(*sso.Client), in)
			return collect(p.HasMorePages, func() (any, error) { return p.NextPage(ctx) })
		case *sso.ListAccountRolesInput:
			p := sso.NewListAccountRolesPaginator(client.(*sso.Client), in)
			return collect(p.HasMorePages, func() (any, error) { return p.NextPage(ctx) })
		}
	}
	results := operation.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	err, _ = results[1].Interface().(error)
	return results[0].Interface(), err
}

func collect(more func() bool, next func() (any, error)) ([]any, error) {
	var pages []any
	for more() {
		page, err := next()
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
	}
	return pages, nil
}

func describe(err error) failure {
	f := failure{Message: err.Error()}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		_, generic := api.(*smithy.GenericAPIError)
		f.Code, f.Typed = api.ErrorCode(), !generic
		if field := reflect.Indirect(reflect.ValueOf(api)).FieldByName("Error_"); field.IsValid() {
			f.Error = aws.ToString(field.Interface().(*string))
		}
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		f.Status = response.HTTPStatusCode()
	}
	return f
}
