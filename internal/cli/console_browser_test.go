package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
)

// consoleBrowser is a browser for scripts. It goes to the address that it is
// started with, and writes that and what it comes to into $PAGE, a named pipe: so
// who reads that waits for it.
func consoleBrowser() {
	address := os.Args[len(os.Args)-1]
	jar, _ := cookiejar.New(nil)
	text := ""
	if resp, err := (&http.Client{Jar: jar}).Get(address); err != nil {
		text = err.Error()
	} else {
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		_, main, _ := strings.Cut(string(body), "<main")
		text = regexp.MustCompile(`<[^>]*>`).ReplaceAllString("<main"+main, "")
	}
	page := fmt.Sprintf("started with: %s\n%s", strings.Join(os.Args[1:], " "), text)
	if err := os.WriteFile(os.Getenv("PAGE"), []byte(page), 0o600); err != nil {
		os.Exit(1)
	}
}
