package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
)

// A Bucket is one of the caller's account.
type Bucket struct {
	Name    string
	Created time.Time
}

// The SDK's S3 client would triple what the program weighs for this one call,
// so it is a signed GET; the signing is the SDK's.

// maxListing bounds the answer: 10,000 buckets take about 1.5 MB.
const maxListing = 16 << 20

// Buckets lists the account's buckets (S3 ListBuckets), all pages of them.
func (c *Caller) Buckets(ctx context.Context) ([]Bucket, error) {
	base, err := c.s3Address(ctx)
	if err != nil {
		return nil, err
	}
	var buckets []Bucket
	for query := "?x-id=ListBuckets"; ; {
		page, err := c.listBucketsPatiently(ctx, base+"/"+query)
		if err != nil {
			return nil, err
		}
		for _, b := range page.Buckets {
			buckets = append(buckets, Bucket{Name: b.Name, Created: b.CreationDate})
		}
		if page.ContinuationToken == "" {
			return buckets, nil
		}
		query = "?continuation-token=" + url.QueryEscape(page.ContinuationToken) + "&x-id=ListBuckets"
	}
}

// listBucketsPatiently tries three times, as the SDK does for other calls, unless
// the service has judged the request.
func (c *Caller) listBucketsPatiently(ctx context.Context, address string) (page *bucketPage, err error) {
	for wait := 100 * time.Millisecond; ; wait *= 4 {
		page, err = c.listBuckets(ctx, address)
		said, answered := errors.AsType[*signin.ServiceError](err)
		if err == nil || wait > time.Second || (answered && said.Final()) {
			return page, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

type bucketPage struct {
	Buckets []struct {
		Name         string
		CreationDate time.Time
	} `xml:"Buckets>Bucket"`
	ContinuationToken string
}

func (c *Caller) listBuckets(ctx context.Context, address string) (*bucketPage, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("s3 endpoint: %v", err)
	}
	empty := sha256.Sum256(nil)
	hash := hex.EncodeToString(empty[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	creds, _ := c.Credentials.provider()(ctx)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(ctx, creds, req, hash, "s3", c.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("sign ListBuckets: %v", err)
	}
	resp, err := signin.WithoutRedirects(c.HTTP).Do(req)
	if err != nil {
		return nil, &signin.ConnectionError{Operation: "ListBuckets", Cause: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxListing))
	if err != nil {
		return nil, &signin.ConnectionError{Operation: "ListBuckets", Cause: &smithy.DeserializationError{Err: err}}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, s3Error(resp, body)
	}
	var page bucketPage
	if err := xml.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("ListBuckets answered with something that is not its XML")
	}
	return &page, nil
}

func s3Error(resp *http.Response, body []byte) error {
	var e struct{ Code, Message string }
	if xml.Unmarshal(body, &e) != nil || e.Code == "" {
		e.Code, e.Message = fmt.Sprint(resp.StatusCode), http.StatusText(resp.StatusCode)
	}
	return &signin.ServiceError{Operation: "ListBuckets", Code: e.Code, Message: e.Message,
		Status: resp.StatusCode, RequestID: resp.Header.Get("X-Amz-Request-Id"), Ahead: signin.Ahead(resp.Header)}
}

// s3Address is the endpoint for the region. The DNS suffix of its partition is
// read off the SDK's address for STS, which has no dual-stack form like S3's.
func (c *Caller) s3Address(ctx context.Context) (string, error) {
	if c.Endpoint != "" {
		return strings.TrimRight(c.Endpoint, "/"), nil
	}
	if !awsconfig.ValidRegion(c.Region) {
		return "", &awsconfig.RegionError{Region: c.Region}
	}
	e, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &c.Region})
	if err != nil {
		return "", fmt.Errorf("s3 address for %s: %v", c.Region, err)
	}
	name := "s3"
	if c.Addresses.FIPS {
		name += "-fips"
	}
	if c.Addresses.DualStack {
		name += ".dualstack"
	}
	return "https://" + strings.Replace(e.URI.Host, "sts", name, 1), nil
}
