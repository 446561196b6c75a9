package wallet

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// checkRead holds what the lean reader says of a file against the general one.
func checkRead(t *testing.T, data []byte, startURL string) bool {
	t.Helper()
	got, known := rolecache.Read(data, startURL)
	if !known {
		return false
	}
	var f roleFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatalf("%q: got %+v, want a doubt: %v", data, got, err)
	}
	want, err := f.credentials("")
	if err != nil || got != want || (f.StartURL != "" && f.StartURL != startURL) {
		t.Fatalf("%q at %q: got %+v, want %+v, %v", data, startURL, got, want, err)
	}
	return true
}

const (
	cachedByCLI     = `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s/+=", "SessionToken": "t", "Expiration": "2026-11-21T22:00:00Z"}}`
	cachedByPortico = `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-11-21T22:00:00Z", "AccountId": "1"}, "portico_session": "x", "portico_start_url": "https://x/start"}`
)

func TestReadRoleFile(t *testing.T) {
	known := map[string]string{
		"the AWS CLI's":      cachedByCLI,
		"ours":               cachedByPortico,
		"other keys":         `{"x": null, "y": {"z": {"AccessKeyId": "B"}}, ` + cachedByCLI[1:],
		"blanks":             "\n { \"Credentials\" :\t{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":\"2026-11-21T22:00:00+01:00\"}\r\n}\n",
		"an old date":        `{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-11-21T22:00:00UTC"}}`,
		"an empty start URL": `{"portico_start_url": "", ` + cachedByCLI[1:],
	}
	for name, text := range known {
		if !checkRead(t, []byte(text), "https://x/start") {
			t.Errorf("%s: the lean reader does not know %s", name, text)
		}
	}
	for name, text := range map[string]string{
		"empty":               "",
		"cut short":           cachedByCLI[:len(cachedByCLI)-1],
		"text after it":       cachedByCLI + "}",
		"another case":        `{"credentials": {"AccessKeyId": "B"}, ` + cachedByCLI[1:],
		"a key twice":         `{"Credentials": {}, ` + cachedByCLI[1:],
		"an escape":           `{"x": "\u0041", ` + cachedByCLI[1:],
		"a key in disguise":   `{"Credentials": {"AccessKeyId": "A", "ſecretAccessKey": "B", ` + cachedByCLI[len(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": "A", `):],
		"a list":              `{"x": [], ` + cachedByCLI[1:],
		"deep":                `{"x": {"x": {"x": {"x": {"x": {"x": {"x": {"x": {"x": {"x": {}}}}}}}}}}, ` + cachedByCLI[1:],
		"no date":             `{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "soon"}}`,
		"no token":            `{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "2026-11-21T22:00:00Z"}}`,
		"another's start URL": `{"portico_start_url": "https://y/start", ` + cachedByCLI[1:],
	} {
		if got, ok := rolecache.Read([]byte(text), "https://x/start"); ok {
			t.Errorf("%s: got %+v, want a doubt", name, got)
		}
	}
}

func FuzzReadRoleFile(f *testing.F) {
	f.Add([]byte(cachedByCLI), "https://x/start")
	f.Add([]byte(cachedByPortico), "https://x/start")
	f.Add([]byte(`{"accesskeyid": "A", "x": {"y": true}}`), "")
	f.Fuzz(func(t *testing.T, data []byte, startURL string) { checkRead(t, data, startURL) })
}

func TestLasts(t *testing.T) {
	now := time.Now()
	for left, want := range map[time.Duration]bool{rolecache.Margin: true, rolecache.Margin - time.Nanosecond: false, -time.Hour: false} {
		if got := (RoleCredentials{Expiration: now.Add(left)}).Lasts(now); got != want {
			t.Errorf("%v left: got %v, want %v", left, got, want)
		}
	}
}
