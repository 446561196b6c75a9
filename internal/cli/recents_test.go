package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func remembering(t *testing.T) *App {
	t.Helper()
	return &App{Name: "portico", Home: t.TempDir(), Env: []string{"XDG_STATE_HOME=" + t.TempDir()}}
}

// What is used often and lately weighs more; after a week a use counts half.
func TestRecentsWeigh(t *testing.T) {
	a := remembering(t)
	start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	for day := range 5 {
		a.remember(recent{Profile: "daily"}, start.AddDate(0, 0, day))
	}
	for range 100 { // a loop of a script
		a.remember(recent{Profile: "loop"}, start)
	}
	a.remember(recent{AccountID: "111111111111", RoleName: "ReadOnly", Session: "corp"}, start)
	a.remember(recent{AccountID: "111111111111", RoleName: "ReadOnly"}, start.Add(time.Hour))
	now := start.AddDate(0, 0, 7)
	weights := map[string]string{}
	for _, r := range a.recents() {
		weights[r.Profile+r.RoleName] = fmt.Sprintf("%.1f", r.weight(now))
	}
	for name, want := range map[string]string{"daily": "3.1", "loop": "0.5", "ReadOnly": "1.0"} {
		if weights[name] != want {
			t.Errorf("%s weighs %s after a week, want %s", name, weights[name], want)
		}
	}
}

// The file stays small, keeps what weighs most, and whole where many write.
func TestRecentsAreBounded(t *testing.T) {
	a := remembering(t)
	now := time.Now()
	for day := range 3 {
		a.remember(recent{Profile: "kept"}, now.AddDate(0, 0, day-3))
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { a.remember(recent{Profile: fmt.Sprint("at once ", i)}, now) })
	}
	all.Wait()
	if got := len(a.recents()); got < 2 {
		t.Errorf("got %d: of those who wrote at once nothing is left", got)
	}
	many := a.recents()
	for i := range mostRecents + 20 {
		many = append(many, recent{Profile: fmt.Sprint(i), Uses: 1, Last: now})
	}
	data, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.recentsFile(), data, 0o600); err != nil {
		t.Fatal(err)
	}
	a.remember(recent{Profile: "one more"}, now.Add(time.Hour))
	list := a.recents()
	if len(list) != mostRecents || list[0].Profile != "kept" {
		t.Errorf("got %d, the first is %v; want %d and the one used most", len(list), list[0], mostRecents)
	}
}

// Nothing fails where nothing can be remembered, or what is there is nonsense.
func TestRecentsNeverFail(t *testing.T) {
	a := remembering(t)
	if err := os.MkdirAll(filepath.Dir(a.recentsFile()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.recentsFile(), []byte("{nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.used(&globals{Profile: "dev"})
	if list := a.recents(); len(list) != 1 || list[0].Profile != "dev" {
		t.Errorf("got %v, want dev alone", list)
	}
	blocked := &App{Name: "portico", Home: "/dev/null", Env: []string{"XDG_STATE_HOME=/dev/null/x"}}
	blocked.used(&globals{Profile: "dev"})
	if list := blocked.recents(); list != nil {
		t.Errorf("got %v", list)
	}
	keys := remembering(t)
	keys.Env = append(keys.Env, "AWS_ACCESS_KEY_ID=a", "AWS_PROFILE=dev")
	keys.used(&globals{})
	if list := keys.recents(); list != nil {
		t.Errorf("keys of the environment are no profile's: got %v", list)
	}
}
