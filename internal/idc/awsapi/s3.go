package awsapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

const maxBucketPage = 10000

// bucketFilters are ListBuckets' own parameters. With any of them the reply
// says where each bucket is.
var bucketFilters = []string{"prefix", "max-buckets", "continuation-token", "bucket-region"}

// listsBuckets says whether an S3 request is ListBuckets: GET / and no
// parameter of another operation.
func listsBuckets(r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.Path != "/" {
		return false
	}
	for name, values := range r.URL.Query() {
		switch {
		case slices.Contains(bucketFilters, name), strings.HasPrefix(name, "X-Amz-"):
		case name == "x-id" && values[0] == "ListBuckets":
		default:
			return false
		}
	}
	return true
}

func (h *Handler) serveS3(x *exchange) (any, error) {
	caller, err := h.caller(x)
	if err != nil {
		return nil, err
	}
	if !listsBuckets(x.r) {
		return nil, x.unknownOperation()
	}
	q, err := parseParameters(x.r.URL.RawQuery)
	if err != nil {
		return nil, x.malformed(err)
	}
	if err := x.permits(caller, "s3:ListAllMyBuckets", "*", named{http.StatusForbidden, "AccessDenied"}); err != nil {
		return nil, err
	}
	account, err := h.Directory.Account(x.context(), caller.AccountID)
	if errors.Is(err, directory.ErrNotFound) { // seeded anew since the key was issued
		return nil, x.fault(named{http.StatusForbidden, "AccessDenied"}, "the account of the access key is no longer here")
	}
	if err != nil {
		return nil, err
	}
	instance, err := h.Directory.Instance(x.context())
	if err != nil {
		return nil, err
	}
	return x.listBuckets(account, instance.Region, q)
}

type bucketList struct {
	XMLName xml.Name    `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Owner   bucketOwner `xml:"Owner"`
	Buckets buckets     `xml:"Buckets"` // there even when empty: clients read it unasked
	Token   string      `xml:"ContinuationToken,omitempty"`
	Prefix  string      `xml:"Prefix,omitempty"`
}

type buckets struct {
	Bucket []bucket
}

type bucketOwner struct {
	ID          string `xml:"ID"`
	DisplayName string `xml:"DisplayName"`
}

type bucket struct {
	Name    string `xml:"Name"`
	Created string `xml:"CreationDate"`
	Region  string `xml:"BucketRegion,omitempty"`
}

// listBuckets lists an account's buckets, which all are in the instance's region.
func (x *exchange) listBuckets(account directory.Account, region string, q parameters) (any, error) {
	argument := named{http.StatusBadRequest, "InvalidArgument"}
	limit, filtered := maxBucketPage, false
	for _, name := range bucketFilters {
		_, given := q[name]
		filtered = filtered || given
	}
	if text, ok := q["max-buckets"]; ok {
		var err error
		limit, err = strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxBucketPage {
			return nil, x.fault(argument, "max-buckets must be 1 to %d", maxBucketPage)
		}
	}
	prefix := q["prefix"]
	after, err := parsePageToken(q["continuation-token"], "buckets", account.ID, prefix)
	if err != nil {
		return nil, x.fault(argument, "the continuation token provided is incorrect: %s", err)
	}

	list := bucketList{Owner: bucketOwner{canonicalUser(account.ID), account.Name}, Prefix: prefix}
	sorted := slices.SortedFunc(slices.Values(account.Buckets), func(a, b directory.Bucket) int {
		return cmp.Compare(a.Name, b.Name)
	})
	for _, b := range sorted {
		if b.Name <= after || !strings.HasPrefix(b.Name, prefix) || q["bucket-region"] != "" && q["bucket-region"] != region {
			continue
		}
		if len(list.Buckets.Bucket) == limit {
			list.Token = pageToken(list.Buckets.Bucket[limit-1].Name, "buckets", account.ID, prefix)
			break
		}
		shown := bucket{Name: b.Name, Created: b.Created.UTC().Format("2006-01-02T15:04:05.000Z")}
		if filtered {
			shown.Region = region
		}
		list.Buckets.Bucket = append(list.Buckets.Bucket, shown)
	}
	return list, nil
}

// canonicalUser is an id of the form S3 gives every account.
func canonicalUser(accountID string) string {
	sum := sha256.Sum256([]byte("canonical user of " + accountID))
	return hex.EncodeToString(sum[:])
}

// s3RequestID is the request id in S3's form.
func (x *exchange) s3RequestID() string {
	id := strings.ToUpper(strings.ReplaceAll(x.id, "-", ""))
	return id[:min(16, len(id))]
}

func (x *exchange) s3Headers(header http.Header) {
	header.Set("X-Amz-Request-Id", x.s3RequestID())
	header.Set("X-Amz-Id-2", x.id)
}
