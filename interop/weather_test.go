package interop

import (
	"slices"
	"testing"
)

// What a service does to its clients on a bad day, they survive by themselves,
// and come out with what they would have got on a good one.
func TestBadWeather(t *testing.T) {
	tests := []struct {
		name  string
		fault []string
		call  func(t *testing.T, l *login)
		// acted is how often the fault is to have struck.
		acted int
	}{
		{"throttled twice", []string{"--op", "ListAccounts", "--error", "TooManyRequestsException", "--count", "2"}, listAccounts, 2},
		{"throttled twice for credentials", []string{"--op", "GetRoleCredentials", "--error", "TooManyRequestsException", "--count", "2"}, takeCredentials, 2},
		{"internal error twice", []string{"--op", "ListAccounts", "--status", "500", "--count", "2"}, listAccounts, 2},
		{"unavailable", []string{"--op", "GetRoleCredentials", "--status", "503", "--count", "1"}, takeCredentials, 1},
		{"internal error in signing in", []string{"--op", "StartDeviceAuthorization", "--error", "InternalServerException", "--count", "2"}, signInAgain, 2},
		{"internal error in refreshing", []string{"--op", "CreateToken", "--error", "InternalServerException", "--count", "2"}, refreshTwice, 2},
		{"connection lost before", []string{"--op", "ListAccounts", "--drop=before", "--count", "1"}, listAccounts, 1},
		{"answer lost", []string{"--op", "GetRoleCredentials", "--drop=after", "--count", "1"}, takeCredentials, 1},
		{"answer lost in refreshing", []string{"--op", "CreateToken", "--drop=after", "--count", "1"}, refreshTwice, 1},
		{"answer lost in registering", []string{"--op", "RegisterClient", "--drop=after", "--count", "1"}, signInAgain, 1},
		{"answer torn", []string{"--op", "ListAccounts", "--truncate", "--count", "1"}, listAccounts, 1},
		{"answer torn in refreshing", []string{"--op", "CreateToken", "--truncate", "--count", "1"}, refreshTwice, 1},
		{"slow", []string{"--op", "*", "--latency", "300ms"}, listAccounts, 1},
		{"slow and throttled", []string{"--op", "ListAccounts", "--latency", "200ms", "--error", "TooManyRequestsException", "--count", "1"}, listAccounts, 1},
		{"sts unavailable twice", []string{"--op", "sts:GetCallerIdentity", "--status", "503", "--count", "2"}, identify, 2},
	}
	everySDK(t, func(t *testing.T, s sdk) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				if why := s.fragile[test.name]; why != "" {
					t.Skip(s.name + ": " + why)
				}
				c := local(t, s.flags...)
				l := signIn(t, c, c.drive(t, s))
				c.portico(t, append([]string{"fault", "add"}, test.fault...)...)
				test.call(t, l)
				if got := c.acted(t); !slices.Equal(got, []int{test.acted}) {
					t.Errorf("the fault acted %v times, want %d", got, test.acted)
				}
			})
		}
	})
}

func listAccounts(t *testing.T, l *login) {
	t.Helper()
	var out struct{ AccountList []account }
	l.must(t, l.accounts(), &out)
	if len(out.AccountList) != 3 {
		t.Errorf("got %d accounts, want 3", len(out.AccountList))
	}
}

func takeCredentials(t *testing.T, l *login) {
	t.Helper()
	if l.keys(t).SessionToken == "" {
		t.Error("got no session token")
	}
}

func identify(t *testing.T, l *login) {
	t.Helper()
	keys := l.keys(t)
	var me identity
	l.must(t, whoIs(keys), &me)
	if me.Account != "111111111111" {
		t.Errorf("got account %q", me.Account)
	}
}

func refreshTwice(t *testing.T, l *login) {
	t.Helper()
	for range 2 {
		var renewed token
		l.must(t, l.refresh(), &renewed)
		if renewed.AccessToken == "" || renewed.AccessToken == l.token.AccessToken {
			t.Error("got no new token from a refresh")
		}
		l.token = renewed
	}
	listAccounts(t, l)
}

func signInAgain(t *testing.T, l *login) {
	t.Helper()
	again := begin(t, l.center, l.driver)
	again.allow(t)
	listAccounts(t, again)
}
