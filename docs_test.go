package portico

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const testYourTool = "docs/test-your-sso-tool.md"

func page(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// quoted is a file that a page quotes: a comment that names it, and a block.
var quoted = regexp.MustCompile("(?s)<!-- (\\S+) -->\n```[a-z]+\n(.*?)```\n")

// What the page quotes are files, and those are run by tests.
func TestQuotedFiles(t *testing.T) {
	text, files := page(t, testYourTool), map[string]bool{}
	for _, q := range quoted.FindAllStringSubmatch(text, -1) {
		files[q[1]] = true
		if got := page(t, q[1]); got != q[2] {
			t.Errorf("%s does not read as %s quotes it", q[1], testYourTool)
		}
	}
	newcomers, err := filepath.Glob("interop/testdata/newcomer/*/*[a-z]")
	if err != nil || len(newcomers) < 5 {
		t.Fatalf("%v, %v", newcomers, err)
	}
	for _, f := range newcomers {
		if f = filepath.ToSlash(f); !files[f] {
			t.Errorf("%s does not quote %s", testYourTool, f)
		}
	}
}

func TestQuotedInProcessTest(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "test", "./docs/testdata/idctest")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The jobs of both CI systems are run, but for their own preparations.
func TestQuotedJobs(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs sh")
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "portico"), "./cmd/portico")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const tests = "#!/bin/sh\nset -eu\ncase $BROWSER in *'--as alice'*) ;; *) exit 9 ;; esac\nportico local sessions >\"$SEEN\"\n"
	if err := os.WriteFile(filepath.Join(dir, "your-tests.sh"), []byte(tests), 0o700); err != nil {
		t.Fatal(err)
	}
	seen := filepath.Join(dir, "seen")
	jobs := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```\n").FindAllStringSubmatch(page(t, testYourTool), -1) {
		var job struct {
			Jobs struct {
				Test struct{ Steps []struct{ Run string } }
			}
			Test struct{ Script []string }
		}
		if err := yaml.Unmarshal([]byte(block[1]), &job); err != nil {
			t.Fatalf("%v\n%s", err, block[1])
		}
		lines := job.Test.Script
		for _, step := range job.Jobs.Test.Steps {
			lines = append(lines, step.Run)
		}
		installed := false
		for _, line := range lines {
			if strings.HasPrefix(line, "go install ") {
				// The README's, which says where it comes from.
				installed = strings.Contains(page(t, "README.md"), line)
				continue
			}
			if line == "" {
				continue
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-ec", line)
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + dir, "SEEN=" + seen}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			if err := os.Remove(seen); err != nil {
				t.Errorf("%s ran no tests", line)
			}
		}
		if !installed {
			t.Errorf("the job does not install portico as the README does:\n%s", block[1])
		}
		jobs++
	}
	if jobs != 2 {
		t.Errorf("%d jobs, want one for each CI system", jobs)
	}
}

// docPages are the pages of docs, those of the reference among them.
func docPages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"docs/*.md", "docs/reference/*.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil || len(pages) < 5 {
			t.Fatalf("%s: %v, %v", pattern, pages, err)
		}
		for _, p := range pages {
			all = append(all, filepath.ToSlash(p))
		}
	}
	return all
}

// links are what a page points at, but for what it quotes.
func links(t *testing.T, name string) (targets []string) {
	t.Helper()
	text := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(page(t, name), "")
	for _, l := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(l[1], "://") {
			targets = append(targets, l[1])
		}
	}
	return targets
}

// Every page of docs is there, and every place in it that another points at.
func TestLinks(t *testing.T) {
	for _, from := range append(docPages(t), "README.md", "CHANGELOG.md") {
		for _, link := range links(t, from) {
			target, place, _ := strings.Cut(link, "#")
			file := from
			if target != "" {
				file = filepath.Join(filepath.Dir(from), target)
			}
			info, err := os.Stat(file)
			if err != nil {
				t.Errorf("%s: %s leads nowhere", from, link)
				continue
			}
			if place != "" && !info.IsDir() && !strings.Contains(headings(page(t, file)), "#"+place+"\n") {
				t.Errorf("%s: %s has no heading %s", from, file, place)
			}
		}
	}
}

// Who begins at docs/README.md finds every page.
func TestPagesAreReached(t *testing.T) {
	reached, todo := map[string]bool{}, []string{"docs/README.md"}
	for len(todo) > 0 {
		from := todo[0]
		if todo = todo[1:]; reached[from] {
			continue
		}
		reached[from] = true
		for _, l := range links(t, from) {
			target, _, _ := strings.Cut(l, "#")
			if file := path.Join(path.Dir(from), target); strings.HasSuffix(target, ".md") {
				if _, err := os.Stat(file); err == nil { // else TestLinks says so
					todo = append(todo, file)
				}
			}
		}
	}
	for _, p := range docPages(t) {
		if !reached[p] {
			t.Errorf("no link leads from docs/README.md to %s", p)
		}
	}
}

// headings lists those of a page as links name them.
func headings(text string) string {
	var all strings.Builder
	for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		words := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all.WriteString("#" + strings.ReplaceAll(words, " ", "-") + "\n")
	}
	return all.String()
}
