package portal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDump(t *testing.T) {
	dir := os.Getenv("PORTAL_DUMP")
	if dir == "" {
		t.Skip()
	}
	all := gallery(t)
	org, _ := large(1000)
	c := newCenter(t, org)
	b := c.signedIn(t, "alice", "correct-horse")
	all = append(all, shown{name: "start-many", answer: b.get("/start?page=2&q=prod")})
	re := regexp.MustCompile(`/assets/(\w+)-[0-9a-f]+\.`)
	for _, p := range all {
		os.WriteFile(filepath.Join(dir, p.name+".html"), []byte(re.ReplaceAllString(p.answer.body, "assets/$1.")), 0o644)
	}
	os.MkdirAll(filepath.Join(dir, "assets"), 0o755)
	for _, n := range []string{"portico.css", "copy.js", "icon.svg"} {
		x, _ := os.ReadFile("assets/" + n)
		os.WriteFile(filepath.Join(dir, "assets", n), x, 0o644)
	}
	_ = strings.ToLower
}
