package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
)

func TestDue(t *testing.T) {
	t.Parallel()
	all := []time.Duration{time.Hour, 15 * time.Minute, 5 * time.Minute}
	for left, want := range map[time.Duration]time.Duration{
		2 * time.Hour: 0, time.Hour: time.Hour, 20 * time.Minute: time.Hour, 15 * time.Minute: 15 * time.Minute, time.Minute: 5 * time.Minute,
	} {
		if got := due(left, all); got != want {
			t.Errorf("with %v left: got %v, want %v", left, got, want)
		}
	}
}

// What is no length of time counts for nothing, and warns nobody.
func TestThresholds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "[15m0s]", "portico_warn_before =": "[15m0s]", "portico_warn_before = 5m, 1h,5m": "[1h0m0s 5m0s]",
		"portico_warn_before = 1d": "[24h0m0s]", "portico_warn_before = off": "[]", "portico_warn_before = -5m": "[]",
	} {
		d, err := awsconfig.Parse("config", []byte("[sso-session corp]\n"+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		section, _ := awsconfig.NewConfig(d, nil).Session("corp")
		if got := fmt.Sprint(thresholds(section)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestAssumedRole(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Read_Only_0123456789abcdef/alice": "111111111111 Read_Only true",
		"arn:aws-cn:sts::111111111111:assumed-role/deploy/ci":                                    "111111111111 deploy true",
		"arn:aws:iam::111111111111:user/alice":                                                   "111111111111  false",
		"arn:aws:iam::111111111111:role/path/deploy":                                             "111111111111  false",
		"nonsense": "  false",
	} {
		account, role, ok := assumedRole(arn)
		if got := fmt.Sprint(account, " ", role, " ", ok); got != want {
			t.Errorf("%s: got %q, want %q", arn, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 17, 0, 0, 0, time.Local)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{now.Add(30 * time.Second), "17:00 (30s)"},
		{now.Add(54 * time.Minute), "17:54 (54m)"},
		{now.Add(8*time.Hour + 5*time.Minute), "Sun 01:05 (8h05m)"},
		{now.Add(90 * 24 * time.Hour), "2027-02-19 17:00 (90d00h)"},
		{now.Add(-time.Hour), "at 16:00 (1h00m ago)"},
		{now.Add(-30 * 24 * time.Hour), "on 2026-10-22"},
	} {
		if got := moment(c.at, now); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// One code for all: that of those that failed, where they agree.
func TestExitCodeOf(t *testing.T) {
	t.Parallel()
	skipped := -1
	for _, c := range []struct {
		codes []int
		want  int
	}{
		{nil, 0}, {[]int{0, 0}, 0}, {[]int{0, 3, 3}, 3}, {[]int{3, 4}, 1}, {[]int{0, skipped}, 1}, {[]int{skipped, 3, 0}, 1}, {[]int{3, skipped}, 3},
	} {
		var all []*outcome
		for _, code := range c.codes {
			all = append(all, &outcome{code: max(0, code), skipped: code == skipped})
		}
		if got := exitCodeOf(all); got != c.want {
			t.Errorf("%v: got %d, want %d", c.codes, got, c.want)
		}
	}
}

// What a run printed is a JSON string, whatever it was.
func FuzzQuoteFile(f *testing.F) {
	f.Add([]byte("plain\ttext\r\n\"\\\x00\x1b\u2028é\xff\xc3"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "out")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		if err := quoteFile(w, path); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		var got string
		if err := json.Unmarshal([]byte(`"`+b.String()+`"`), &got); err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
		var want bytes.Buffer
		for _, r := range string(data) {
			want.WriteRune(r)
		}
		if got != want.String() {
			t.Errorf("got %q, want %q", got, want.String())
		}
	})
}

// A frame of status --watch, with 5,000 cached roles.
func BenchmarkStatusFrame(b *testing.B) {
	now := time.Now()
	r := &survey{At: now, Sessions: make([]sessionStatus, 10)}
	for i := range 5000 {
		r.Roles = append(r.Roles, roleStatus{Account: fmt.Sprintf("%012d", i), AccountName: fmt.Sprintf("production-%d", i), Role: "AdministratorAccess",
			Session: "corp", Profiles: []string{fmt.Sprintf("production-%d-admin", i)}, Expires: now.Add(time.Hour)})
	}
	st := &statusCommand{App: &App{Name: "portico"}}
	for b.Loop() {
		st.scene(r, now.Add(time.Second))
	}
}
