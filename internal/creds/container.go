package creds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// A Container is a credential endpoint of the ECS container protocol: that of
// ECS, of EKS, or any that stands in for them on this machine.
type Container struct {
	URL       string
	Token     string       // for Authorization; "" for none
	TokenFile string       // that holds it, and is read each time: it changes
	HTTP      *http.Client // for https; to what is near nothing stands in between, so no proxy sees a token
}

// ContainerOf is the endpoint that an environment names, nil when it names none.
// A token goes over plain http to this machine and to the addresses of ECS and
// EKS alone; what is configured otherwise is a [*RetrievalError].
func ContainerOf(lookup func(string) (string, bool)) (*Container, error) {
	get := func(name string) string { v, _ := lookup(name); return v }
	c := &Container{URL: get("AWS_CONTAINER_CREDENTIALS_FULL_URI"), Token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN"), TokenFile: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")}
	if relative := get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		c.URL = "http://" + ecsAddress + relative
	}
	if c.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, containerProblem("its address is no http or https URL")
	}
	if u.Scheme == "http" && !containerHost(u.Hostname()) {
		return nil, containerProblem(fmt.Sprintf("Unsupported host '%s'.  Can only retrieve metadata from a loopback address or one of these hosts: %s", u.Hostname(), strings.Join(containerHosts, ", ")))
	}
	return c, nil
}

const ecsAddress = "169.254.170.2"

var containerHosts = []string{ecsAddress, "169.254.170.23", "fd00:ec2::23", "localhost"}

func containerHost(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || slices.Contains(containerHosts, host)
}

func containerProblem(problem string) error {
	return &RetrievalError{Provider: "container-role", Problem: problem}
}

// Credentials asks the endpoint. Its errors are [*RetrievalError]s.
func (c *Container) Credentials(ctx context.Context) (wallet.RoleCredentials, error) {
	ctx, cancel := context.WithTimeout(ctx, containerLimit)
	defer cancel()
	token := c.Token
	if c.TokenFile != "" {
		data, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return wallet.RoleCredentials{}, containerProblem(fmt.Sprintf("its token cannot be read: %v", err))
		}
		token = string(data)
	}
	if strings.ContainsAny(token, "\r\n") {
		return wallet.RoleCredentials{}, containerProblem("Auth token value is not a legal header value")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return wallet.RoleCredentials{}, containerProblem("its address is no http or https URL")
	}
	request.Header.Set("Accept", "application/json")
	if token != "" {
		request.Header.Set("Authorization", token)
	}
	var last error
	for attempt := range containerAttempts {
		if attempt > 0 && !pause(ctx, time.Second) {
			break
		}
		var keys wallet.RoleCredentials
		var again bool
		if keys, again, last = c.ask(request); last == nil || !again {
			return keys, last
		}
	}
	return wallet.RoleCredentials{}, last
}

const (
	containerLimit    = 30 * time.Second
	containerAttempts = 3
)

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// ask sends the request once; again says whether it is worth sending it again.
func (c *Container) ask(request *http.Request) (keys wallet.RoleCredentials, again bool, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if request.URL.Scheme == "https" {
		client = c.HTTP
	}
	client = signin.WithoutRedirects(client) // the token is this endpoint's alone
	response, err := client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return wallet.RoleCredentials{}, request.Context().Err() == nil, containerProblem(fmt.Sprintf("Received error when attempting to retrieve container metadata: %v", err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOutput))
	switch {
	case err != nil:
		return wallet.RoleCredentials{}, true, containerProblem("its answer broke off in the middle")
	case response.StatusCode != http.StatusOK:
		var says struct{ Code, Message string }
		_ = json.Unmarshal(body, &says) // an endpoint need not say why
		return wallet.RoleCredentials{}, response.StatusCode >= 500, containerProblem(strings.TrimSpace(fmt.Sprintf("Received non 200 response %d from container metadata: %s %s", response.StatusCode, says.Code, says.Message)))
	}
	var answer struct{ AccessKeyID, SecretAccessKey, Token, Expiration, AccountID string }
	if json.Unmarshal(body, &answer) != nil {
		return wallet.RoleCredentials{}, false, containerProblem("Unable to parse JSON returned from container metadata services")
	}
	if answer.AccessKeyID == "" || answer.SecretAccessKey == "" {
		return wallet.RoleCredentials{}, false, containerProblem("its answer holds no credentials")
	}
	keys = wallet.RoleCredentials{AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.Token, AccountID: answer.AccountID}
	if answer.Expiration != "" {
		if keys.Expiration, err = wallet.ParseTime(answer.Expiration); err != nil {
			return wallet.RoleCredentials{}, false, containerProblem("its answer holds no time by which the credentials end")
		}
	}
	return keys, false, nil
}
