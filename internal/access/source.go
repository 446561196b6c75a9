package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
)

// The largest pages the services give.
const (
	pageSize             = 100
	organizationPageSize = 20
)

// atOnce is how many calls are under way at most. How many a second there are is
// the callers' pace.
const atOnce = 32

// fewNames is up to how many names are asked for one by one, before the whole
// list they are in is the smaller question.
const fewNames = 5

// A Source asks one instance of IAM Identity Center.
type Source struct {
	Admin, Store, Organization *admin.Caller // sso-admin, identitystore, organizations

	InstanceARN, StoreID string

	// Known are names of accounts by id, for those that Organizations does not tell.
	Known map[string]string

	Journal *Journal               // keeps the answers; nil: nothing does
	Step    func(done, total int)  // told of progress in calls, from several goroutines; nil: nobody is
	Warn    func(problem string)   // told of what is left out; nil: nobody is
	asked   map[string]*awsService // by command
	once    sync.Once

	done, total atomic.Int64
}

type awsService struct {
	caller *admin.Caller
	page   int
	model  *awsmodel.Service
	ops    map[string]*awsmodel.Operation
}

func (s *Source) service(command string) *awsService {
	s.once.Do(func() {
		s.asked = map[string]*awsService{}
		for command, c := range map[string]*awsService{
			"sso-admin":     {caller: s.Admin, page: pageSize},
			"identitystore": {caller: s.Store, page: pageSize},
			"organizations": {caller: s.Organization, page: organizationPageSize},
		} {
			c.model, c.ops = admin.Service(command), map[string]*awsmodel.Operation{}
			for _, op := range c.model.Operations {
				c.ops[op.Name] = op
			}
			s.asked[command] = c
		}
	})
	return s.asked[command]
}

// input makes the input of a call out of names and values in turn.
func input(pairs ...any) output.Object {
	o := output.Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o = append(o, output.Member{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return o
}

// list asks for a whole listing, and returns what read makes of each of its items.
func list[T any](ctx context.Context, s *Source, command, operation string, in output.Object, read func(item any) T) ([]T, error) {
	return kept(s.Journal, key(operation, in), func() ([]T, error) {
		svc := s.service(command)
		op := svc.ops[operation]
		all := []T{}
		for page, err := range svc.caller.Pages(ctx, svc.model, op, in, admin.Paging{PageSize: &svc.page}) {
			if err != nil {
				return nil, err
			}
			items, _ := page.Answer.Get(op.Paging.Results[0])
			found, _ := items.([]any)
			for _, item := range found {
				all = append(all, read(item))
			}
		}
		return all, nil
	})
}

// ask makes one call, and returns what read makes of its answer.
func ask[T any](ctx context.Context, s *Source, command, operation string, in output.Object, read func(answer output.Object) T) (T, error) {
	return kept(s.Journal, key(operation, in), func() (answer T, err error) {
		svc := s.service(command)
		for page, err := range svc.caller.Pages(ctx, svc.model, svc.ops[operation], in, admin.Paging{Off: true}) {
			if err != nil {
				return answer, err
			}
			answer = read(page.Answer)
		}
		return answer, nil
	})
}

// key names a call in the journal.
func key(operation string, in output.Object) string {
	var b strings.Builder
	b.WriteString(operation)
	for _, m := range in {
		fmt.Fprintf(&b, " %v", m.Value)
	}
	return b.String()
}

// each does something with every item, several at once, and counts it as a step.
func each[T any](ctx context.Context, s *Source, items []T, do func(ctx context.Context, i int, item T) error) error {
	s.step(0, len(items))
	g, inGroup := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, item := range items {
		g.Go(func() error {
			if err := inGroup.Err(); err != nil {
				return err // another failed, or the person had enough
			}
			if err := do(inGroup, i, item); err != nil {
				return err
			}
			s.step(1, 0)
			return nil
		})
	}
	return g.Wait()
}

func (s *Source) step(done, more int) {
	d, t := s.done.Add(int64(done)), s.total.Add(int64(more))
	if s.Step != nil {
		s.Step(int(d), int(t))
	}
}

func (s *Source) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}

// text is a member that is a string, or "".
func text(item any, name string) string {
	o, _ := item.(output.Object)
	v, _ := o.Get(name)
	t, _ := v.(string)
	return t
}

func itself(item any) string { t, _ := item.(string); return t }

// refused reports whether a service answered that with one of the codes.
func refused(err error, codes ...string) bool {
	e, ok := errors.AsType[*signin.ServiceError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

// denied reports whether these credentials may not ask that.
func denied(err error) bool { return refused(err, "AccessDeniedException", "AccessDenied") }

// missing reports whether what was asked about is not there.
func missing(err error) bool { return refused(err, "ResourceNotFoundException") }
