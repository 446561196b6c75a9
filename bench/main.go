// Command bench measures how fast portico and others hand out credentials, and
// what comes of many that ask at once. It writes the figures into
// docs/performance.md and draws them. bench/run builds what it needs and runs it
// inside "portico local run".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
)

func main() {
	var b bench
	flag.StringVar(&b.tools, "tools", "", "directory of the programs of this tree")
	flag.StringVar(&b.peers, "peers", "", "directory of others' programs")
	flag.StringVar(&b.aws, "aws", "", "the AWS CLI")
	flag.StringVar(&b.python, "python", "", "a Python with boto3")
	flag.IntVar(&b.rounds, "rounds", 15, "how often everything is measured in turn")
	page := flag.String("page", "docs/performance.md", "page to write the tables into")
	plot := flag.String("plot", "docs/performance.svg", "drawing to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := b.run(ctx)
	if err == nil {
		err = errors.Join(r.writePage(*page), os.WriteFile(*plot, []byte(r.plot()), 0o644))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A bench is where it is measured.
type bench struct {
	tools, peers, aws, python string
	rounds                    int
}

func (b *bench) run(ctx context.Context) (*report, error) {
	if err := b.desktop(); err != nil {
		return nil, err
	}
	programs, missing := b.programs()
	r := &report{machine: machine(), rounds: b.rounds, missing: missing}
	homes, err := b.homes(ctx, &programs, r)
	if err != nil {
		return nil, err
	}
	if err := b.hot(ctx, homes, programs, r); err != nil {
		return nil, err
	}
	return r, b.flights(ctx, homes[0].dir, programs, r)
}

// say tells the person who waits how far it is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// post sends a call to the sign-in API.
func (b *bench) post(path, body string) (string, error) {
	resp, err := http.Post(os.Getenv("AWS_ENDPOINT_URL")+path, "application/json", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, answer)
	}
	return string(answer), err
}
