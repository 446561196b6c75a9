package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// errPagerQuit ends what a person no longer reads. It is no error.
var errPagerQuit = errors.New("the pager was quit")

// pagerCommand is what answers are shown through on a terminal, as the AWS CLI
// finds it: AWS_PAGER, cli_pager, PAGER, less. A setting that is there and empty
// means none.
func (a *App) pagerCommand(s *awsconfig.Settings) string {
	if v, ok := a.Lookup("AWS_PAGER"); ok {
		return v
	}
	if v, ok := s.Profile.Get("cli_pager"); ok {
		return v
	}
	if v, ok := a.Lookup("PAGER"); ok {
		return v
	}
	if runtime.GOOS == "windows" {
		return "more"
	}
	return "less"
}

// A pager shows what is written to it. It starts with the first byte, so that
// there is none for nothing.
type pager struct {
	app     *App
	command string

	cmd *exec.Cmd
	in  io.WriteCloser
}

func (p *pager) Write(b []byte) (int, error) {
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return 0, err
		}
	}
	n, err := p.in.Write(b)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		err = errPagerQuit
	}
	return n, err
}

func (p *pager) start() error {
	words, ok := awsconfig.SplitCommand(p.command)
	if !ok || len(words) == 0 {
		return p.failed("No closing quotation")
	}
	path, err := p.app.lookPath(words[0])
	if err != nil {
		return p.failed(fmt.Sprintf("[Errno 2] No such file or directory: '%s'", words[0]))
	}
	cmd := exec.Command(path)
	cmd.Args, cmd.Env = words, p.app.Env
	if _, set := p.app.Lookup("LESS"); !set {
		cmd.Env = with(p.app.Env, []string{"LESS=FRX"})
	}
	cmd.Stdout, cmd.Stderr = p.app.Stdout, p.app.Stderr
	if p.in, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return p.failed(err.Error())
	}
	p.app.children.Add(1) // Ctrl-C is for the pager
	p.cmd = cmd
	return nil
}

func (p *pager) failed(why string) error {
	return &configError{Kind: "Pager",
		Problem: fmt.Sprintf("Unable to redirect output to pager. Received the following error when opening pager:\n%s", why),
		Hint:    "The pager is set by AWS_PAGER, cli_pager in the profile, or PAGER. To do without: --no-cli-pager, or AWS_PAGER= for good."}
}

// Close lets the person read to the end.
func (p *pager) Close() error {
	if p.cmd == nil {
		return nil
	}
	defer p.app.children.Add(-1)
	err := p.in.Close()
	_ = p.cmd.Wait() // how a person leaves a pager is their business
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return cmp.Or(err)
}
