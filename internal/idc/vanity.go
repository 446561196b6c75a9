package idc

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// vanityPath is a start URL of a company's own, such as https://sso.example.com:
// no access portal, but a redirect to one. Clients ask it for where the portal
// is and in which region, and take a single redirect to a host that is AWS's.
// What is under it goes wrong in the ways in which such a URL can, or goes right
// in one that clients get wrong.
const vanityPath = "/vanity"

// vanityAnswer is what one of the paths answers. The targets are fixed: nothing
// of the request gets into them.
type vanityAnswer struct {
	status int
	head   int                               // to HEAD, where that differs
	target func(i directory.Instance) string // nil: no Location
}

var vanityAnswers = map[string]vanityAnswer{
	"":      {status: http.StatusMovedPermanently, target: portalURL},
	"/302":  {status: http.StatusFound, target: portalURL},
	"/303":  {status: http.StatusSeeOther, target: portalURL},
	"/307":  {status: http.StatusTemporaryRedirect, target: portalURL},
	"/308":  {status: http.StatusPermanentRedirect, target: portalURL},
	"/ipv4": {status: http.StatusMovedPermanently, target: portalURLIPv4},
	// The region is not in the name: the configured one holds.
	"/regionless": {status: http.StatusMovedPermanently, target: func(i directory.Instance) string { return i.StartURL }},
	// The normal form of it is portalURL's.
	"/untidy": {status: http.StatusMovedPermanently, target: func(i directory.Instance) string {
		return "https://nobody@" + strings.ToUpper(strings.TrimPrefix(portalURL(i), "https://")) + ":443/;from=vanity?from=vanity#/"
	}},
	// HEAD is refused, in the two ways after which clients try GET.
	"/get-only":     {status: http.StatusMovedPermanently, head: http.StatusMethodNotAllowed, target: portalURL},
	"/get-only/501": {status: http.StatusMovedPermanently, head: http.StatusNotImplemented, target: portalURL},

	// A client that took more than one redirect would get to the portal.
	"/relative":        {status: http.StatusMovedPermanently, target: func(directory.Instance) string { return "../vanity" }},
	"/relative/scheme": {status: http.StatusMovedPermanently, target: func(i directory.Instance) string { return strings.TrimPrefix(portalURL(i), "https:") }},
	"/insecure": {status: http.StatusMovedPermanently, target: func(i directory.Instance) string {
		return "http:" + strings.TrimPrefix(portalURL(i), "https:")
	}},
	"/foreign": {status: http.StatusMovedPermanently, target: func(directory.Instance) string { return "https://portal.example.com/start" }},
	"/nowhere": {status: http.StatusMovedPermanently},
	"/page":    {status: http.StatusOK},
	"/broken":  {status: http.StatusInternalServerError},
}

// portalURL and portalURLIPv4 are the names that an access portal has besides
// its start URL. Both name the region. Where AWS publishes none for a partition,
// they are made up in the form of the others.
func portalURL(i directory.Instance) string {
	suffix := "app.aws"
	switch directory.Partition(i.Region) {
	case "aws-cn":
		suffix = "app.amazonwebservices.com.cn"
	case "aws-eusc":
		suffix = "api.amazonwebservices.eu"
	}
	return fmt.Sprintf("https://%s.portal.%s.%s", i.InstanceID, i.Region, suffix)
}

func portalURLIPv4(i directory.Instance) string {
	suffix := "amazonaws.com"
	switch directory.Partition(i.Region) {
	case "aws-cn":
		suffix = "amazonaws.com.cn"
	case "aws-eusc":
		suffix = "amazonaws.eu"
	}
	return fmt.Sprintf("https://%s.%s.portal.%s/start", i.InstanceID, i.Region, suffix)
}

// startURLs are those by which a client may name an instance: its start URL, the
// other names of its portal, with and without the path, and the page where
// people sign in. A vanity URL is not among them: the Identity Center at AWS
// knows nothing of those either.
func startURLs(i directory.Instance, baseURL string) []string {
	ipv4 := strings.TrimSuffix(portalURLIPv4(i), "/start")
	return []string{i.StartURL, portalURL(i), portalURL(i) + "/start", ipv4, ipv4 + "/start", baseURL + "/start"}
}

// servesVanity says whether a path is one of vanityHandler's.
func servesVanity(path string) bool {
	return path == vanityPath || strings.HasPrefix(path, vanityPath+"/")
}

// vanityHandler answers GET and HEAD at vanityPath and under it. Clients take
// such a URL by https alone, so it is of use on a listener under TLS.
func vanityHandler(instance func(ctx context.Context) (directory.Instance, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		say := func(status int, words string) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintln(w, words) // net/http drops it from an answer to HEAD
		}
		answer, ok := vanityAnswers[strings.TrimPrefix(r.URL.Path, vanityPath)]
		switch {
		case !ok || !servesVanity(r.URL.Path):
			say(http.StatusNotFound, "There is no such vanity start URL here. These are: "+vanityPaths())
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			say(http.StatusMethodNotAllowed, "A vanity start URL takes GET and HEAD.")
			return
		case r.Method == http.MethodHead && answer.head != 0:
			w.Header().Set("Allow", "GET")
			say(answer.head, "")
			return
		}
		words := "This vanity start URL leads nowhere, on purpose."
		if answer.target != nil {
			i, err := instance(r.Context())
			if err != nil {
				say(http.StatusInternalServerError, "The Identity Center failed to say where its access portal is.")
				return
			}
			target := answer.target(i)
			w.Header().Set("Location", target)
			words = "This vanity start URL leads to " + target
		}
		say(answer.status, words)
	})
}

func vanityPaths() string {
	var paths []string
	for p := range vanityAnswers {
		paths = append(paths, vanityPath+p)
	}
	slices.Sort(paths)
	return strings.Join(paths, " ")
}
