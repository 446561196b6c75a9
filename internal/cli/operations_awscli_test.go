package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/cli"
)

// A modelShape is a shape in the words of testdata/operations.py.
type modelShape struct {
	Type    string
	Union   bool
	Members []struct {
		Name     string
		Required bool
		Shape    modelShape
	}
	Element *modelShape
	Enum    []string
}

type models map[string]map[string]struct{ Input, Output modelShape }

// An awsCLI runs command lines of the installed AWS CLI in one process.
type awsCLI struct {
	in  io.Writer
	out *bufio.Reader
}

// startAWSCLI starts it. It may be absent, unless PORTICO_REQUIRE says it may not.
func startAWSCLI(t *testing.T, env []string) *awsCLI {
	t.Helper()
	const python, script = "/usr/bin/python3", "testdata/operations.py"
	cmd := exec.Command(python, "-B", script) // ends with its input
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		skipWithoutAWSCLI(t, err.Error())
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // what it had to say was asked for, or was missed
	})
	c := &awsCLI{in, bufio.NewReader(out)}
	if err := c.ask(map[string]any{"models": []string{}}, &models{}); err != nil {
		skipWithoutAWSCLI(t, problem.String())
	}
	return c
}

func skipWithoutAWSCLI(t *testing.T, why string) {
	t.Helper()
	if requiredSuite("awscli") {
		t.Fatalf("awscli is required: %s", why)
	}
	t.Skipf("awscli: no /usr/bin/python3 with version 2 of the AWS CLI: %s", why)
}

func requiredSuite(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), name)
}

func (c *awsCLI) ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return err
	}
	if line, err = c.out.ReadBytes('\n'); err != nil {
		return err
	}
	return json.Unmarshal(line, answer)
}

// An exchange is what a command line printed, and what it sent to be told that.
type exchange struct {
	Code int
	Out  string
	Sent []string
}

// A canned service answers whatever it is asked with the pages that are set.
type canned struct {
	mu    sync.Mutex
	pages []string
	sent  []string
}

func (c *canned) set(pages []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages, c.sent = pages, nil
}

func (c *canned) asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	page := c.pages[min(len(c.sent), len(c.pages)-1)]
	c.sent = append(c.sent, normal(r, body))
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if strings.HasPrefix(page, "<") {
		w.Header().Set("Content-Type", "text/xml")
	}
	_, _ = io.WriteString(w, page)
}

// normal is what a request asks, in one form for all clients.
func normal(r *http.Request, body []byte) string {
	head := r.Method + " " + r.URL.Path + " " + r.URL.Query().Encode() + " " + r.Header.Get("X-Amz-Target") + " " + r.Header.Get("X-Amz-Sso_bearer_token") + " "
	var v any
	if json.Unmarshal(body, &v) == nil {
		b, _ := json.Marshal(v)
		return head + string(b)
	}
	form, _ := url.ParseQuery(string(body))
	return head + form.Encode()
}

// Operations that this AWS CLI has too: the same answers, generated from its
// models, print the same bytes, and the same input sends the same request. There
// are many of them where the suite is required, a few anywhere.
func TestOperationsPrintAsTheAWSCLI(t *testing.T) {
	t.Parallel()
	service := &canned{}
	server := httptest.NewServer(service)
	defer server.Close()
	home := t.TempDir()
	env := []string{"HOME=" + home, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "TZ=" + os.Getenv("TZ"), "LC_ALL=C.UTF-8"}
	const config = "[profile wire]\ncli_timestamp_format = wire\nregion = us-east-1\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	aws := startAWSCLI(t, env)

	var commands []string
	for _, svc := range admin.Services() {
		commands = append(commands, svc.Command)
	}
	var theirs models
	if err := aws.ask(map[string]any{"models": commands}, &theirs); err != nil {
		t.Fatal(err)
	}
	compared, most := 0, 2
	if requiredSuite("awscli") {
		most = 22
	}
	for _, svc := range admin.Services() {
		tried := 0
		for _, op := range svc.Operations {
			model, both := theirs[svc.Command][op.Name]
			if !both || (svc.Command == "sso" && op.Name == "Logout") {
				continue // newer than this AWS CLI, or a command of its own
			}
			if tried++; tried > most {
				break
			}
			seed := fnv.New64a()
			fmt.Fprint(seed, svc.Command, op.Name)
			g := &generator{rand.New(rand.NewPCG(seed.Sum64(), 1))}
			pages := g.pages(svc, op, model.Output)
			input, err := json.Marshal(g.input(model.Input, op))
			if err != nil {
				t.Fatal(err)
			}
			base := []string{svc.Command, awsmodel.CommandName(op.Name), "--cli-input-json", string(input), "--endpoint-url", server.URL}
			runs := [][]string{{"--output", "json"}, {"--output", "yaml"}, {"--output", "text"}, {"--output", "table"}}
			if strings.HasPrefix(op.Name, "Describe") || svc.Command == "sts" {
				runs = append(runs, []string{"--profile", "wire"}) // times as the service writes them
			}
			if op.Paging != nil {
				runs = append(runs, []string{"--output", "yaml-stream"}, []string{"--max-items", "1"}, []string{"--max-items", "1", "--output", "text"},
					[]string{"--no-paginate"}, []string{"--query", "length(" + op.Paging.Results[0] + ")", "--output", "text"})
			}
			for _, run := range runs {
				argv := append(slices.Clone(base), run...)
				service.set(pages)
				var want exchange
				if err := aws.ask(map[string]any{"argv": argv}, &want); err != nil {
					t.Fatal(err)
				}
				want.Sent = service.asked()
				service.set(pages)
				var out, problem bytes.Buffer
				app := cli.App{Name: "portico", Home: home, Env: env, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problem}
				got := exchange{Code: app.Run(t.Context(), argv), Out: out.String()}
				got.Sent = service.asked()
				if svc.Command == "identitystore" {
					want.Out, got.Out = inOneOrder(want.Out), inOneOrder(got.Out)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s\nagainst the AWS CLI (-) on %q:\n%s%s", strings.Join(argv, " "), pages, d, &problem)
					break
				}
				if want.Code != 0 {
					t.Errorf("%s: both say %d: %s", strings.Join(argv, " "), want.Code, &problem)
					break
				}
			}
			compared++
		}
	}
	t.Logf("%d operations", compared)
	if least := 60; requiredSuite("awscli") && compared < least {
		t.Errorf("%d operations were compared, want %d", compared, least)
	}
}

// inOneOrder is for the one difference there is meant to be: AWS has put the
// members of identitystore's answers into another order since.
func inOneOrder(out string) string {
	var v any
	if json.Unmarshal([]byte(out), &v) != nil {
		return out // no JSON, and so alphabetical
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// A generator makes answers and inputs of a shape.
type generator struct{ *rand.Rand }

func (g *generator) one(words ...string) string { return words[g.IntN(len(words))] }

// pages makes two pages of a listing, one answer of other operations.
func (g *generator) pages(svc *awsmodel.Service, op *awsmodel.Operation, out modelShape) []string {
	write := func(token string) string {
		v := map[string]any{}
		for _, m := range out.Members {
			switch {
			case op.Paging != nil && m.Name == op.Paging.OutputToken:
				if token != "" {
					v[m.Name] = token
				}
			case op.Paging != nil && slices.Contains(op.Paging.Results, m.Name):
				v[m.Name] = g.value(m.Shape, m.Name)
			case g.IntN(8) == 0:
			default:
				v[m.Name] = g.value(m.Shape, m.Name)
			}
		}
		if svc.Command == "sts" {
			var b strings.Builder
			fmt.Fprintf(&b, "<%sResponse><%[1]sResult>", op.Name)
			writeXML(&b, v)
			fmt.Fprintf(&b, "</%sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%[1]sResponse>", op.Name)
			return b.String()
		}
		if len(out.Members) == 0 {
			return ""
		}
		b, _ := json.Marshal(v)
		return string(b)
	}
	if op.Paging == nil {
		return []string{write("")}
	}
	return []string{write("token-1"), write("")}
}

func (g *generator) value(s modelShape, name string) any {
	switch s.Type {
	case "structure":
		v := map[string]any{}
		if s.Union && len(s.Members) > 0 {
			m := s.Members[g.IntN(len(s.Members))]
			return map[string]any{m.Name: g.value(m.Shape, m.Name)}
		}
		for _, m := range s.Members {
			switch g.IntN(12) {
			case 0: // absent
			case 1:
				v[m.Name] = nil
			default:
				v[m.Name] = g.value(m.Shape, m.Name)
			}
		}
		return v
	case "list":
		list := []any{}
		if s.Element == nil {
			return list // of what it is part of itself
		}
		for range g.IntN(4) {
			list = append(list, g.value(*s.Element, name))
		}
		return list
	case "map":
		v := map[string]any{}
		for i := range g.IntN(3) {
			v[fmt.Sprintf("%s%d", name, i)] = g.value(*s.Element, name)
		}
		return v
	case "string":
		if len(s.Enum) > 0 {
			return g.one(s.Enum...)
		}
		return g.one(name, "arn:aws:sso:::x/"+name, "123456789012", "Zoë Müller", "日本 "+name, "", "yes", "null", "a: b, {c} # d", `{"Version": "2012-10-17"}`, "<&> 'quoted'",
			strings.Repeat("long words of "+name+" ", 9))
	case "integer", "long":
		return []int64{0, 1, 3600, 1700000000123}[g.IntN(map[string]int{"integer": 3, "long": 4}[s.Type])]
	case "boolean":
		return g.IntN(2) == 0
	case "timestamp":
		return []any{1700000000, 1600000000.123, 1234567890.5}[g.IntN(3)]
	case "document":
		return map[string]any{"k": []any{1, "v"}}
	}
	panic(s.Type)
}

// writeXML writes an answer of STS, whose timestamps are in words.
func writeXML(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for n := range v {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			if v[n] == nil {
				continue
			}
			fmt.Fprintf(b, "<%s>", n)
			if n == "Expiration" {
				b.WriteString("2030-01-02T03:04:05Z")
			} else {
				writeXML(b, v[n])
			}
			fmt.Fprintf(b, "</%s>", n)
		}
	case []any:
		for _, e := range v {
			b.WriteString("<member>")
			writeXML(b, e)
			b.WriteString("</member>")
		}
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v)))
	}
}

// input makes one that is valid: what is required, and some of the rest.
func (g *generator) input(s modelShape, op *awsmodel.Operation) any {
	switch s.Type {
	case "structure":
		v := map[string]any{}
		if s.Union && len(s.Members) > 0 {
			return map[string]any{s.Members[0].Name: g.input(s.Members[0].Shape, nil)}
		}
		for _, m := range s.Members {
			pages := op != nil && op.Paging != nil && (m.Name == op.Paging.InputToken || m.Name == op.Paging.Limit)
			// A ClientToken that is left out is made up.
			if m.Required || m.Name == "ClientToken" || (!pages && m.Shape.Type != "timestamp" && g.IntN(2) == 0) {
				v[m.Name] = g.input(m.Shape, nil)
			}
		}
		return v
	case "list":
		return []any{g.input(*s.Element, nil), g.input(*s.Element, nil)}
	case "map":
		return map[string]any{"key": g.input(*s.Element, nil)}
	case "string":
		if len(s.Enum) > 0 {
			return g.one(s.Enum...)
		}
		return g.one("value-", "Zoë & ") + strings.Repeat("x", 58)
	case "integer", "long":
		return 900 + g.IntN(100)
	case "boolean":
		return true
	case "document":
		return map[string]any{"k": []any{1, "v"}}
	}
	panic(s.Type)
}
