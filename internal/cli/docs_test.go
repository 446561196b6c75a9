package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/awsmodel"
)

// pages are what there is to read for a person.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(names) < 5 {
		t.Fatalf("%v, %v", names, err)
	}
	texts := map[string]string{}
	for _, name := range append(names, "../../README.md") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(name)] = strings.ReplaceAll(string(data), "\\\n", " ")
	}
	return texts
}

// shown finds the command lines of a page, in its blocks and in what it quotes:
// each to the end of its line or of its command substitution.
func shown(text string) (lines []string) {
	for i, part := range strings.Split(text, "```") {
		if i%2 == 0 {
			part = strings.Join(regexp.MustCompile("`[^`\n]*`").FindAllString(part, -1), "\n")
		}
		for _, m := range regexp.MustCompile("(?m)(?:^[ `]*|\\$\\(|= |; )portico ([a-z][^`\n)|;&<>#]*)").FindAllStringSubmatch(part, -1) {
			lines = append(lines, strings.TrimRight(m[1], "\"' "))
		}
	}
	return lines
}

// Every command line that a page shows is one that portico runs, with flags that
// its command has.
func TestShownCommandLines(t *testing.T) {
	root := newRoot(&App{Name: "portico"})
	seen := 0
	for name, text := range pages(t) {
		for _, line := range shown(text) {
			words, ok := awsconfig.SplitWords(line)
			if !ok {
				words = strings.Fields(line)
			}
			if i := slices.Index(words, "--"); i >= 0 {
				words = words[:i]
			}
			l := look(words)
			if (&App{Name: "portico"}).route(root, l) == through {
				// A command for the AWS CLI, and what a signature begins with.
				if l.word(0) != "ec2" && line != "control proof" {
					t.Errorf("%s: portico %s is none of portico's commands", name, line)
				}
				continue
			}
			seen++
			c, depth := find(root, l)
			if c.HasSubCommands() && l.word(depth) != "" {
				t.Errorf("%s: portico %s: %s has no %s", name, line, c.CommandPath(), l.word(depth))
			}
			for _, flag := range l.unknown {
				if flag == "--…" {
					continue
				}
				if c.Annotations[isOperation] != "" {
					if !operationHas(c.Parent().Name(), c.Name(), strings.TrimPrefix(flag, "--")) {
						t.Errorf("%s: portico %s: no flag %s", name, line, flag)
					}
				} else if !has(c, flag) && c.InheritedFlags().Lookup(strings.TrimPrefix(flag, "--")) == nil {
					t.Errorf("%s: portico %s: no flag %s", name, line, flag)
				}
			}
		}
	}
	if seen < 60 {
		t.Errorf("found only %d command lines", seen)
	}
}

func operationHas(service, command, flag string) bool {
	svc := admin.Service(service)
	i := slices.IndexFunc(svc.Operations, func(op *awsmodel.Operation) bool { return awsmodel.CommandName(op.Name) == command })
	return i >= 0 && slices.ContainsFunc(svc.Operations[i].Input.Members, func(m awsmodel.Member) bool {
		return awsmodel.FlagName(m.Name) == flag || flag == sessionFlagName && m.Name == accessToken
	})
}

// Every command that is portico's own is on a page that a person wrote.
func TestEveryCommandIsShown(t *testing.T) {
	var all strings.Builder
	for _, text := range pages(t) {
		all.WriteString(text)
	}
	for _, c := range leaves(newRoot(&App{Name: program})) {
		name := strings.TrimPrefix(c.CommandPath(), program+" ")
		if !IsOperation(c) && !regexp.MustCompile("(?m)(?:`|"+program+" )"+name+"(?:[ `)]|$)").MatchString(all.String()) {
			t.Errorf("no page shows %s", c.CommandPath())
		}
	}
}

// What the troubleshooting page explains are messages that portico gives: a test
// or a script expects each of them.
func TestExplainedMessages(t *testing.T) {
	var expected strings.Builder
	for _, pattern := range []string{"testdata/script/*.txtar", "*.go", "../signin/*.go", "../awsconfig/*.go", "../creds/*.go", "../serve/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			if f == "docs_test.go" {
				continue
			}
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			expected.Write(data)
		}
	}
	inWords := []string{"The page did not open", "The wrong account or role"} // no messages
	text := strings.NewReplacer(`\(`, "(", `\)`, ")", `\.`, ".").Replace(expected.String())
	for _, h := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(pages(t)["troubleshooting.md"], -1) {
		if !slices.Contains(inWords, h[1]) && !strings.Contains(text, h[1]) {
			t.Errorf("nothing says %q", h[1])
		}
	}
}

// A newcomer's way from nothing to a command in an account: each help names what
// comes next.
func TestHelpLeadsOn(t *testing.T) {
	root := newRoot(&App{Name: program})
	for _, step := range []struct {
		command string
		next    []string
	}{
		{"", []string{"demo", "configure sso", "sync", "exec"}},
		{"demo", []string{"configure sso"}},
		{"configure sso", []string{"sync", "exec"}},
		{"configure sso-session", []string{"sso login", "sync"}},
		{"sso login", []string{"exec", "status"}},
		{"sync", []string{"pick", "exec"}},
		{"pick", []string{"exec"}},
		{"local start", []string{"local env", "configure sso"}},
	} {
		c := root
		if step.command != "" {
			c, _ = find(root, look(strings.Fields(step.command)))
		}
		help := c.Long + "\n" + c.Example
		for _, next := range step.next {
			if !regexp.MustCompile(`(?m)` + program + " " + next + `\b`).MatchString(help) {
				t.Errorf("the help of %s does not name %s", c.CommandPath(), next)
			}
		}
	}
}
