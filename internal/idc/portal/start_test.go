package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func TestStart(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	a := b.get("/start").says(t, 200, "2 accounts", "dev &amp; &lt;test&gt;", "aws&#43;dev@example.com", dev, prod, "AdministratorAccess", "ReadOnly")
	if strings.Contains(a.body, "Page 1") {
		t.Error("one page has a pager")
	}
	b.get("/start?q=PROD").says(t, 200, "1 of 2 accounts", "for “<bdi>PROD</bdi>”", prod)
	b.get("/start?q=%3Cb%3E%E2%80%AE").says(t, 200, "0 of 2 accounts", "No account matches.", `value="&lt;b&gt;"`)
	b.get("/start?q=%20").says(t, 200, "2 accounts")
	b.get("/start?q="+strings.Repeat("x", 5000)).says(t, 200, "No account matches.")
	if a := c.signedIn(t, "bob", "battery-staple").get("/start"); strings.Contains(a.body, dev) {
		t.Error("bob sees an account of alice's")
	}
}

func TestAccount(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	b.get("/start?account="+dev).says(t, 200, "dev &amp; &lt;test&gt;", dev, "2 roles", "AdministratorAccess", "administrator", "Everything.", "8 h", "1 h",
		`href="/start/role?account=`+dev+`&amp;role=ReadOnly"`)
	// One that is not hers reads like one that does not exist.
	bob := c.signedIn(t, "bob", "battery-staple")
	for _, id := range []string{dev, "999999999999", "x", "<b>", strings.Repeat("9", 1000)} {
		bob.get("/start?account="+url.QueryEscape(id)).says(t, 404, "There is no such account for you")
	}
}

func TestNoAccounts(t *testing.T) {
	org := organisation()
	org.Users = append(org.Users, directory.User{Name: "carol", Password: "nothing-yet"})
	c := newCenter(t, org)
	c.signedIn(t, "carol", "nothing-yet").get("/start").says(t, 200, "No account is assigned to you.")
}

// large is an organisation in which alice reaches n accounts, and one of them
// in more roles than a page of them holds.
func large(n int) (org directory.Organisation, ids []string) {
	org = directory.Organisation{
		StartURL: startURL, Region: "eu-central-1",
		Users: []directory.User{{Name: "alice", Password: "correct-horse"}},
	}
	for i := range n {
		id := fmt.Sprintf("%012d", 100000000000+i*7919)
		ids = append(ids, id)
		org.Accounts = append(org.Accounts, directory.Account{ID: id, Name: fmt.Sprintf("team%d-%s", i, []string{"dev", "staging", "prod"}[i%3]), Email: fmt.Sprintf("box+%d@example.com", i)})
	}
	for i := range 120 {
		set := fmt.Sprintf("Set%03d", i)
		org.PermissionSets = append(org.PermissionSets, directory.PermissionSet{Name: set})
		reached := ids[:1]
		if i < 5 {
			reached = ids[:n/(i+1)]
		}
		org.Assignments = append(org.Assignments, directory.Assignment{User: "alice", PermissionSet: set, Accounts: reached})
	}
	return org, ids
}

var shownID = regexp.MustCompile(`<span class="id">([0-9]{12})</span>`)

// Through all pages by their links: each account once.
func TestPages(t *testing.T) {
	org, ids := large(101)
	b := newCenter(t, org).signedIn(t, "alice", "correct-horse")
	seen := map[string]int{}
	next := regexp.MustCompile(`rel="next" href="([^"]+)"`)
	path, pages := "/start?q=team", 0
	for path != "" && pages < 100 {
		a := b.get(path).says(t, 200, "101 of 101 accounts, showing", fmt.Sprintf("Page %d of 6", pages+1))
		for _, m := range shownID.FindAllStringSubmatch(a.body, -1) {
			seen[m[1]]++
		}
		pages++
		m := next.FindStringSubmatch(a.body)
		path = ""
		if m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if pages != 6 || len(seen) != len(ids) {
		t.Errorf("got %d accounts on %d pages, want %d on 6", len(seen), pages, len(ids))
	}
	for _, id := range ids {
		if seen[id] != 1 {
			t.Errorf("%s: seen %d times", id, seen[id])
		}
	}
	for page, want := range map[string]string{"0": "Page 1 of 6", "-3": "Page 1 of 6", "x": "Page 1 of 6", "7": "Page 6 of 6", "99999999999999999999": "Page 1 of 6", "3": "Page 3 of 6"} {
		b.get("/start?page="+page).says(t, 200, want)
	}
	// An account with more roles than a page of them.
	a := b.get("/start?account="+ids[0]).says(t, 200, "120 roles", "Set000", "Set119")
	if got := strings.Count(a.body, `<li class="role">`); got != 120 {
		t.Errorf("got %d roles, want 120", got)
	}
}

func TestSearch(t *testing.T) {
	org, ids := large(101)
	b := newCenter(t, org).signedIn(t, "alice", "correct-horse")
	for query, want := range map[string]int{
		"team77-":                  1,
		ids[50]:                    1,
		"box+50@":                  1,
		"team1 prod":               len(matches(org, "team1", "prod")),
		"staging":                  len(matches(org, "staging")),
		"no such thing":            0,
		"TEAM9 example.com":        len(matches(org, "team9")),
		`"'<>&;--`:                 0,
		"team%":                    0,
		strings.Repeat("team ", 9): 101,
	} {
		a := b.get("/start?q="+url.QueryEscape(query)).says(t, 200, fmt.Sprintf("%d of 101 accounts", want))
		if got := len(shownID.FindAllString(a.body, -1)); got != min(want, 20) {
			t.Errorf("%q: got %d accounts, want %d", query, got, min(want, 20))
		}
	}
}

func TestThousandAccounts(t *testing.T) {
	org, ids := large(1000)
	b := newCenter(t, org).signedIn(t, "alice", "correct-horse")
	a := b.get("/start?page=50").says(t, 200, "1,000 accounts, showing 981 to 1,000", "Page 50 of 50")
	if got := len(shownID.FindAllString(a.body, -1)); got != 20 || strings.Contains(a.body, `rel="next"`) {
		t.Errorf("got %d accounts on the last page, want 20 and no more", got)
	}
	b.get("/start?q="+ids[999]).says(t, 200, "1 of 1,000 accounts", ids[999])
	// The search goes along from page to page.
	b.get("/start?q=staging&page=2").says(t, 200, "333 of 1,000 accounts, showing 21 to 40", `href="/start?page=3&amp;q=staging"`, `href="/start?q=staging"`)
}

func matches(org directory.Organisation, words ...string) (found []string) {
accounts:
	for _, a := range org.Accounts {
		for _, w := range words {
			if !strings.Contains(a.Name, w) {
				continue accounts
			}
		}
		found = append(found, a.ID)
	}
	return found
}

// At a thousand accounts no page takes longer than a person notices.
func BenchmarkThousandAccounts(b *testing.B) {
	org, ids := large(1000)
	c := newCenter(b, org)
	cookie := &http.Cookie{Name: cookieName(c), Value: c.signedIn(b, "alice", "correct-horse").cookie()}
	for name, target := range map[string]string{
		"first page": "/start", "last page": "/start?page=50", "search": "/start?q=prod", "search nothing": "/start?q=nothing",
		"account": "/start?account=" + ids[0], "role": "/start/role?account=" + ids[0] + "&role=Set007",
	} {
		b.Run(name, func(b *testing.B) {
			req := httptest.NewRequestWithContext(b.Context(), "GET", target, nil)
			req.AddCookie(cookie)
			for b.Loop() {
				w := httptest.NewRecorder()
				c.ServeHTTP(w, req)
				if w.Code != 200 {
					b.Fatalf("got %d", w.Code)
				}
			}
		})
	}
}
