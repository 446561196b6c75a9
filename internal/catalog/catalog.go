// Package catalog lists what the signed-in person reaches: accounts, and the
// roles they have in each (ListAccounts, ListAccountRoles of the access portal).
// It keeps what it found for each session, so that most of those who ask are
// answered without the network.
package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/smithy-go"

	"github.com/portico-sso/portico/internal/signin"
)

// An Account is one the person reaches. Name and Email are nil where the
// service sends none, which is not the same as empty.
type Account struct {
	ID          string
	Name, Email *string
}

// Label is how menus show an account: name, e-mail and id, as far as known.
func (a Account) Label() string {
	switch {
	case a.Name != nil && a.Email != nil:
		return *a.Name + ", " + *a.Email + " (" + a.ID + ")"
	case a.Name != nil:
		return *a.Name + " (" + a.ID + ")"
	case a.Email != nil:
		return *a.Email + " (" + a.ID + ")"
	}
	return a.ID
}

// A Role is a permission set the person has in an account.
type Role struct {
	Name, AccountID string
}

// A Catalog lists one session's accounts and roles.
type Catalog struct {
	SignIn  *signin.Client
	Session signin.Session

	// Dir is where listings are kept, by session. "": nowhere.
	Dir string

	// Warn is told what went wrong without stopping the work. Nil drops it.
	Warn func(problem string)
}

// pageSize is the most the access portal gives at once.
const pageSize = 100

// Accounts returns every account, in the service's order.
func (c *Catalog) Accounts(ctx context.Context) ([]Account, error) {
	var accounts []Account
	err := c.call(ctx, func(portal *sso.Client, token string) error {
		accounts = nil
		return accountPages(ctx, portal, token, func(page []Account) { accounts = append(accounts, page...) })
	})
	return accounts, err
}

// Roles returns every role in the account, in the service's order.
func (c *Catalog) Roles(ctx context.Context, accountID string) ([]Role, error) {
	var roles []Role
	err := c.call(ctx, func(portal *sso.Client, token string) (err error) {
		roles, err = rolePages(ctx, portal, token, accountID)
		return err
	})
	return roles, err
}

func (c *Catalog) call(ctx context.Context, list func(portal *sso.Client, token string) error) error {
	portal, err := c.SignIn.Portal(c.Session.Region)
	if err != nil {
		return err
	}
	return c.SignIn.WithToken(ctx, c.Session, func(token string) error {
		return signin.Failure(list(portal, token))
	})
}

// accountPages asks for all accounts and hands them out by the page.
func accountPages(ctx context.Context, portal *sso.Client, token string, take func([]Account)) error {
	pages := sso.NewListAccountsPaginator(portal, &sso.ListAccountsInput{AccessToken: &token, MaxResults: aws.Int32(pageSize)})
	last := ""
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		accounts := make([]Account, len(page.AccountList))
		for i, a := range page.AccountList {
			accounts[i] = Account{ID: aws.ToString(a.AccountId), Name: a.AccountName, Email: a.EmailAddress}
		}
		take(accounts)
		if err := turned("ListAccounts", &last, page.NextToken); err != nil {
			return err
		}
	}
	return nil
}

// rolePages asks for all roles in one account.
func rolePages(ctx context.Context, portal *sso.Client, token, accountID string) ([]Role, error) {
	var roles []Role
	pages := sso.NewListAccountRolesPaginator(portal, &sso.ListAccountRolesInput{AccessToken: &token, AccountId: &accountID, MaxResults: aws.Int32(pageSize)})
	last := ""
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.RoleList {
			roles = append(roles, Role{Name: aws.ToString(r.RoleName), AccountID: aws.ToString(r.AccountId)})
		}
		if err := turned("ListAccountRoles", &last, page.NextToken); err != nil {
			return nil, err
		}
	}
	return roles, nil
}

// turned refuses a next page that is the last one again: there would be no end. To
// stop there, as the SDK can, would take a part of a listing for all of it.
func turned(operation string, last, next *string) error {
	now := aws.ToString(next)
	if now != "" && now == *last {
		return &smithy.OperationError{ServiceID: sso.ServiceID, OperationName: operation,
			Err: &smithy.GenericAPIError{Code: "PaginationError", Message: "The same next token was received twice"}}
	}
	*last = now
	return nil
}

// SortAccounts orders accounts as menus show them: by name, or e-mail, or id,
// whatever the case; those known by id alone come last.
func SortAccounts(accounts []Account) {
	key := func(a Account) (string, int) {
		switch {
		case a.Name != nil:
			return strings.ToLower(*a.Name), 0
		case a.Email != nil:
			return strings.ToLower(*a.Email), 0
		}
		return a.ID, 1
	}
	slices.SortStableFunc(accounts, func(a, b Account) int {
		ka, la := key(a)
		kb, lb := key(b)
		return cmp.Or(cmp.Compare(la, lb), strings.Compare(ka, kb))
	})
}

// SortRoles orders roles by name, whatever the case.
func SortRoles(roles []Role) {
	slices.SortStableFunc(roles, func(a, b Role) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
}
