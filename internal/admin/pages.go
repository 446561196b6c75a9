package admin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// Paging says how much of a listing to get, as botocore's paginators do.
type Paging struct {
	MaxItems, PageSize *int   // nil: all items, pages as large as the service likes
	StartingToken      string // a Page's NextToken, or one of the service's
	Off                bool   // one call, whose answer is given as it is
}

// A Page is one answer. NextToken, on the last, is where a listing goes on that
// MaxItems ended.
type Page struct {
	Answer    output.Object
	NextToken string
}

// A PagingError is a listing that cannot be begun where it should, or does not end.
type PagingError struct{ Problem string }

func (e *PagingError) Error() string { return e.Problem }

// Pages makes a call, and where it is a listing those for the rest of it.
// Refusals are *signin.ServiceError.
func (c *Caller) Pages(ctx context.Context, svc *awsmodel.Service, op *awsmodel.Operation, input output.Object, p Paging) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		s := find(svc.Command)
		if op.Paging == nil || p.Off {
			answer, err := c.call(ctx, s, op, input)
			yield(Page{Answer: answer}, err)
			return
		}
		l := listing{Paging: *op.Paging, max: p.MaxItems}
		if err := l.begin(p.StartingToken); err != nil {
			yield(Page{}, err)
			return
		}
		if p.PageSize != nil && l.Limit != "" {
			input = with(input, l.Limit, int64(*p.PageSize))
		}
		for more := true; more; {
			asked := input
			if l.token != nil {
				asked = with(input, l.InputToken, l.token)
			}
			answer, err := c.call(ctx, s, op, asked)
			if err != nil {
				yield(Page{}, err)
				return
			}
			var page Page
			if page, more, err = l.next(answer); err != nil {
				yield(Page{}, err)
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// Merge joins the pages of a listing into one answer: its results, and where
// the listing was cut short the token to go on from. A single call's answer is
// itself.
func Merge(op *awsmodel.Operation, pages iter.Seq2[Page, error], p Paging) (output.Object, error) {
	merged := output.Object{}
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		if op.Paging == nil || p.Off {
			return page.Answer, nil
		}
		for _, name := range op.Paging.Results {
			list, _ := page.Answer.Get(name)
			if list == nil {
				continue
			}
			before, _ := merged.Get(name)
			all, _ := before.([]any)
			more, _ := list.([]any)
			merged = with(merged, name, append(all, more...))
		}
		if page.NextToken != "" {
			merged = append(merged, output.Member{Name: "NextToken", Value: page.NextToken})
		}
	}
	return merged, nil
}

// Results is what a page adds to its listing, which is what the text format
// shows of it. A result that is absent is null.
func Results(op *awsmodel.Operation, page Page) output.Object {
	o := output.Object{}
	for _, name := range op.Paging.Results {
		v, _ := page.Answer.Get(name)
		o = append(o, output.Member{Name: name, Value: v})
	}
	return o
}

// with returns the object with a member set, the original being kept.
func with(o output.Object, name string, value any) output.Object {
	return slices.Clone(o).With(name, value)
}

// A listing is how far one has come.
type listing struct {
	awsmodel.Paging
	max   *int
	token any // that the current page is asked for with; nil for the first
	skip  int // items of the first page that were had before
	first bool
	items int
}

// cutAmount is what botocore calls the number of items of a page that were
// given out when a listing was cut short within it.
const cutAmount = "boto_truncate_amount"

// notCut is the place of a listing that ends where a page does.
const notCut = -1

// begin reads a starting token: JSON in base64, or what older versions made
// (TOKEN___SKIP), or a token of the service itself.
func (l *listing) begin(token string) error {
	l.first = token != ""
	if token == "" {
		return nil
	}
	if place, ok := decodeToken(token); ok {
		// Tokens of services may be JSON in base64 as well.
		if from, ok := place.Get(l.InputToken); ok {
			return l.resume(from, place, token)
		}
	}
	parts := strings.Split(token, "___")
	if len(parts) == 2 {
		if n, err := strconv.Atoi(parts[1]); err == nil && n >= 0 {
			l.skip, token = n, parts[0]
		}
	} else if len(parts) > 2 {
		return &PagingError{"Bad starting token: " + token}
	}
	if token != "None" {
		l.token = token
	}
	return nil
}

// resume reads the place that a token of the AWS CLI's names.
func (l *listing) resume(from any, place output.Object, token string) error {
	text, isText := from.(string)
	amount, cut := place.Get(cutAmount)
	n, isNumber := amount.(int64)
	if (from != nil && !isText) || (cut && (!isNumber || n < 0)) {
		return &PagingError{"Bad starting token: " + token}
	}
	if isText {
		l.token = text
	}
	l.skip = int(n)
	return nil
}

func decodeToken(token string) (output.Object, bool) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || !utf8.Valid(b) {
		return nil, false
	}
	v, err := output.ParseJSON(string(b))
	o, ok := v.(output.Object)
	return o, ok && err == nil
}

// next takes an answer in: what of it belongs to the listing, and whether there
// is more to ask for.
func (l *listing) next(answer output.Object) (Page, bool, error) {
	results := l.Results[0]
	v, _ := answer.Get(results)
	list, _ := v.([]any)
	skipped := 0
	if l.first {
		skipped = min(l.skip, len(list))
		if list = list[skipped:]; v != nil {
			answer = with(answer, results, list)
		}
		for _, other := range l.Results[1:] {
			if _, ok := answer.Get(other); ok {
				answer = with(answer, other, []any{})
			}
		}
		skipped, l.first = l.skip, false
	}
	if l.max != nil && l.items+len(list) > *l.max {
		keep := *l.max - l.items
		return Page{Answer: with(answer, results, list[:keep]), NextToken: l.encode(l.token, keep+skipped)}, false, nil
	}
	l.items += len(list)
	token, _ := answer.Get(l.OutputToken)
	if token == nil || token == "" {
		return Page{Answer: answer}, false, nil
	}
	if l.max != nil && l.items == *l.max {
		return Page{Answer: answer, NextToken: l.encode(token, notCut)}, false, nil
	}
	if token == l.token {
		return Page{}, false, &PagingError{fmt.Sprintf("Error during pagination: The same next token was received twice: {'%s': '%v'}", l.InputToken, token)}
	}
	l.token = token
	return Page{Answer: answer}, true, nil
}

// encode makes a token to go on from, in the form that the AWS CLI makes and reads.
func (l *listing) encode(token any, cut int) string {
	var b bytes.Buffer
	write := func(v any) {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(errors.New("a token that was JSON is none"))
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('{')
	write(l.InputToken)
	b.WriteString(": ")
	write(token)
	if cut != notCut {
		fmt.Fprintf(&b, `, "%s": %d`, cutAmount, cut)
	}
	b.WriteByte('}')
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
