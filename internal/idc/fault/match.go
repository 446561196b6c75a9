package fault

import (
	"path"
	"regexp"
	"strings"
	"sync"
)

// target is an Op as it was understood. What is "" matches everything.
type target struct {
	service, operation string // lower case
	method, path       string // of a page
}

var (
	operationName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,127}$`) })
	serviceName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`) })
	methodName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z]{1,16}$`) })
)

const opCure = `write an operation such as CreateToken, sso:ListAccounts or sts:*, a page such as /device or "POST /signin", or * for everything`

// parseOp returns an *InvalidError for what is neither operation nor page, and
// for one that is not known.
func parseOp(op string, known func(string) bool) (target, error) {
	switch method, rest, spaced := strings.Cut(op, " "); {
	case op == "*":
		return target{}, nil
	case op == "":
		return target{}, invalid("op", opCure, "it is missing")
	case strings.HasPrefix(op, "/"):
		return target{path: op}, checkPage(op, op, known)
	case spaced && methodName().MatchString(method) && strings.HasPrefix(rest, "/"):
		method = strings.ToUpper(method)
		return target{method: method, path: rest}, checkPage(method+" "+rest, rest, known)
	}
	service, operation, qualified := strings.Cut(op, ":")
	if !qualified {
		service, operation = "", op
	}
	anyOf := qualified && operation == "*"
	if qualified && !serviceName().MatchString(service) || !anyOf && !operationName().MatchString(operation) {
		return target{}, invalid("op", opCure, "%q is neither an operation nor a page", clip(op))
	}
	t := target{service: strings.ToLower(service)}
	if anyOf {
		if known != nil && !known(op) {
			return target{}, invalid("op", opCure, "%q is for a service that is not served here", op)
		}
		return t, nil
	}
	if known != nil && !known(op) {
		return target{}, invalid("op", opCure, "%q is no operation that is served here", op)
	}
	t.operation = strings.ToLower(operation)
	return t, nil
}

// spared is never subject to rules: what all pages look like, and what takes
// rules back.
var spared = []string{"/assets/", "/.portico/"}

// checkPage returns an *InvalidError for a page that is not there. A pattern
// may be for what is.
func checkPage(page, path string, known func(string) bool) error {
	if err := checkPattern("op", path); err != nil {
		return err
	}
	for _, prefix := range spared {
		if strings.HasPrefix(strings.ReplaceAll(path, `\`, ""), prefix) {
			return invalid("op", opCure, "%q is under %s, where nothing is made to go wrong", clip(page), prefix)
		}
	}
	if known != nil && !strings.ContainsAny(path, `*?[\`) && !known(page) {
		return invalid("op", opCure, "%q is no page that is served here", clip(page))
	}
	return nil
}

func (t target) match(c *Call) bool {
	if t.path != "" {
		return (t.method == "" || t.method == c.Method) && matches(t.path, c.Path)
	}
	return (t.service == "" || strings.EqualFold(t.service, c.Service)) &&
		(t.operation == "" || strings.EqualFold(t.operation, c.Operation))
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// person is a name that is asked for when first needed.
type person struct {
	ask   func() string
	name  string
	asked bool
}

func (p *person) matches(pattern string) bool {
	if pattern == "" {
		return true
	}
	if !p.asked && p.ask != nil {
		p.name = strings.ToLower(p.ask())
	}
	p.asked = true
	// Names like my-tool/1.2 are no paths: * takes their slashes too.
	return matches(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(p.name, "/", "\x00"))
}
