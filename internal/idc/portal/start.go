package portal

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

const (
	accountsPerPage = 20
	// rolesShown is how many roles the list shows of each account.
	rolesShown = 5
	maxSearch  = 100
)

type startView struct {
	Search   string
	Accounts []accountView
	// Summary says how many there are and which of them are here.
	Summary        string
	None           bool // nothing is assigned at all
	Previous, Next string
	Page, Pages    int
}

type accountView struct {
	ID, Name, Email string
	Address         string
	Roles           []roleLink
	MoreRoles       bool
}

type roleLink struct{ Name, Address, Console string }

// startPage lists the accounts a person reaches, or shows one.
func (v *visit) startPage() error {
	query := v.r.URL.Query()
	if err := v.signedIn(startAddress(query)); err != nil {
		return err
	}
	if id := query.Get("account"); id != "" {
		return v.accountPage(id)
	}
	search := ""
	if q := query.Get("q"); strings.TrimSpace(q) != "" {
		search = strings.TrimSuffix(plain(q, maxSearch), "…")
	}
	all, err := v.accounts()
	if err != nil {
		return err
	}
	found := matching(all, search)

	view := startView{Search: search, None: len(all) == 0}
	view.Pages = max(1, (len(found)+accountsPerPage-1)/accountsPerPage)
	view.Page, err = strconv.Atoi(query.Get("page"))
	if err != nil {
		view.Page = 1
	}
	view.Page = min(max(view.Page, 1), view.Pages)
	from := (view.Page - 1) * accountsPerPage
	to := min(from+accountsPerPage, len(found))
	for _, a := range found[from:to] {
		shown, err := v.accountOverview(a)
		if err != nil {
			return err
		}
		view.Accounts = append(view.Accounts, shown)
	}
	view.Summary = summary(len(all), len(found), from, to, search)
	if view.Page > 1 {
		view.Previous = listAddress(search, view.Page-1)
	}
	if view.Page < view.Pages {
		view.Next = listAddress(search, view.Page+1)
	}
	title := "Your accounts"
	if view.Pages > 1 {
		title += ", page " + number(view.Page)
	}
	return v.render(http.StatusOK, page{Name: "start", Title: title, Wide: true, Script: linkScript, Body: view})
}

// startAddress keeps of a query what the page knows.
func startAddress(query url.Values) string {
	kept := url.Values{}
	for _, name := range []string{"account", "page", "q"} {
		if value := query.Get(name); value != "" && len(value) <= 4*maxSearch {
			kept.Set(name, value)
		}
	}
	return localPath("/start", kept)
}

func listAddress(search string, page int) string {
	query := url.Values{}
	if search != "" {
		query.Set("q", search)
	}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	return localPath("/start", query)
}

// accounts reads all a person reaches, by name.
func (v *visit) accounts() ([]directory.Account, error) {
	var all []directory.Account
	for after := ""; ; {
		page, next, err := v.Directory.Accounts(v.r.Context(), v.sess.UserID, after, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if after = next; next == "" {
			break
		}
	}
	slices.SortStableFunc(all, func(a, b directory.Account) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return all, nil
}

// matching keeps the accounts in whose name, id or e-mail address each word is.
func matching(all []directory.Account, search string) []directory.Account {
	words := strings.Fields(strings.ToLower(search))
	if len(words) == 0 {
		return all
	}
	var found []directory.Account
	for _, a := range all {
		text := strings.ToLower(a.Name + "\n" + a.ID + "\n" + a.Email)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			found = append(found, a)
		}
	}
	return found
}

func summary(all, found, from, to int, search string) string {
	count := func(n int) string {
		if n == 1 {
			return "1 account"
		}
		return number(n) + " accounts"
	}
	s := count(found)
	if search != "" {
		s = number(found) + " of " + count(all)
	}
	if to-from < found {
		s += ", showing " + number(from+1) + " to " + number(to)
	}
	return s
}

func (v *visit) accountOverview(a directory.Account) (accountView, error) {
	roles, more, err := v.Directory.Roles(v.r.Context(), v.sess.UserID, a.ID, "", rolesShown)
	if err != nil {
		return accountView{}, err
	}
	shown := accountSummary(a)
	shown.MoreRoles = more != ""
	for _, set := range roles {
		shown.Roles = append(shown.Roles, roleLinkTo(a.ID, set))
	}
	return shown, nil
}

func accountSummary(a directory.Account) accountView {
	shown := accountView{ID: a.ID, Name: plain(a.Name, maxShownName), Address: accountAddress(a.ID)}
	if a.Email != "" {
		shown.Email = plain(a.Email, maxShownName)
	}
	return shown
}

func roleLinkTo(account string, set directory.PermissionSet) roleLink {
	return roleLink{plain(set.Name, maxShownName), roleAddress(account, set.Name), consoleLink(account, set.Name, "")}
}

type accountDetailView struct {
	Account accountView
	Roles   []roleView
}

type roleView struct {
	roleLink
	Description   string
	Lasts         string // how long its credentials do
	Administrator bool
}

// accountPage shows one account with every role in it. An account that is not
// assigned is not told from one that does not exist.
func (v *visit) accountPage(id string) error {
	ctx := v.r.Context()
	var sets []directory.PermissionSet
	for after := ""; ; {
		page, next, err := v.Directory.Roles(ctx, v.sess.UserID, id, after, 0)
		if err != nil {
			return err
		}
		sets = append(sets, page...)
		if after = next; next == "" {
			break
		}
	}
	if len(sets) == 0 {
		return faultNoAccount()
	}
	account, err := v.Directory.Account(ctx, id)
	if err != nil {
		return err
	}
	view := accountDetailView{Account: accountSummary(account)}
	for _, set := range sets {
		view.Roles = append(view.Roles, roleSummary(id, set))
	}
	return v.render(http.StatusOK, page{Name: "account", Title: view.Account.Name, Wide: true, Body: view})
}

func roleSummary(account string, set directory.PermissionSet) roleView {
	r := roleView{
		roleLink:      roleLinkTo(account, set),
		Administrator: set.Administrator, Lasts: lasts(sessionDuration(set)),
	}
	if set.Description != "" {
		r.Description = plain(set.Description, maxShownURL)
	}
	return r
}

func sessionDuration(set directory.PermissionSet) time.Duration {
	return cmp.Or(set.SessionDuration, directory.DefaultSessionDuration)
}

func accountAddress(id string) string { return localPath("/start", url.Values{"account": {id}}) }

func roleAddress(account, role string) string {
	return localPath("/start/role", url.Values{"account": {account}, "role": {role}})
}

// lasts says a session duration exactly: 1 h 30 min, 8 h.
func lasts(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.size; n > 0 {
			parts = append(parts, strconv.Itoa(int(n))+" "+unit.name)
			d -= n * unit.size
		}
	}
	return strings.Join(parts, " ")
}
