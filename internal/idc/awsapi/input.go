package awsapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// input is what an administrator sent, read member by member. What is wrong is
// gathered, because AWS reports it all at once. Values are not repeated in
// errors: what is in the wrong place may be a secret.
type input struct {
	members object
	path    string // of the structure that this is, with a dot at its end
	absent  bool   // the structure was not sent, so nothing is missing in it
	q       *question
}

// problem is one thing that is wrong with the input.
type problem struct {
	member string
	reason string // as Organizations has it
	says   string
}

// Reasons of Organizations' InvalidInputException, and what it says of each.
const (
	reasonRequired = "INPUT_REQUIRED"
	reasonPattern  = "INVALID_PATTERN"
	reasonEnum     = "INVALID_ENUM"
	reasonSmall    = "MIN_VALUE_EXCEEDED"
	reasonLarge    = "MAX_VALUE_EXCEEDED"
	reasonLong     = "MAX_LENGTH_EXCEEDED"
	reasonToken    = "INVALID_NEXT_TOKEN"
)

var invalidInput = map[string]string{
	reasonRequired: "You must include a value for all required parameters.",
	reasonPattern:  "You provided a value that does not match the required pattern.",
	reasonEnum:     "You specified an invalid value.",
	reasonSmall:    "You provided a numeric value that is smaller than the minimum value allowed.",
	reasonLarge:    "You provided a numeric value that is larger than the maximum value allowed.",
	reasonLong:     "You provided a string parameter that is longer than allowed.",
	reasonToken:    "You specified an invalid value for NextToken. Get the value from the response to a previous call of the operation.",
}

// rule is what a text member must be.
type rule struct {
	pattern func() *regexp.Regexp // of the whole
	shown   string                // the pattern as the model has it
	enum    []string
	most    int  // characters
	noted   bool // in the event of the call
}

// pattern is compiled when the first value is held against it: together they
// would cost every start of the program more than all else does.
func pattern(shown string) rule {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + shown + `)$`) })
	return rule{pattern: compiled, shown: shown, noted: true}
}

func (r rule) upTo(characters int) rule {
	r.most = characters
	return r
}

func oneOf(values ...string) rule { return rule{enum: values, noted: true} }

const uuid = `[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}`

var (
	instanceARNs      = pattern(`arn:aws(-[a-z]{1,5}){0,3}:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}`)
	permissionSetARNs = pattern(`arn:aws(-[a-z]{1,5}){0,3}:sso:::permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16}`)
	accountIDs        = pattern(`\d{12}`)
	resourceIDs       = pattern(`([0-9a-f]{10}-|)` + uuid)
	principalTypes    = oneOf("USER", "GROUP")
	storeIDs          = pattern(`d-[0-9a-f]{10}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

	nextTokens = rule{pattern: pattern(`[-a-zA-Z0-9+=/:_]*`).pattern, shown: "[-a-zA-Z0-9+=/:_]*", most: 2048}
)

// fail gathers a problem.
func (in input) fail(member, reason, format string, args ...any) {
	in.q.problems = append(in.q.problems, problem{in.path + lowerFirst(member), reason, fmt.Sprintf(format, args...)})
}

func (in input) missing(member string) {
	if !in.absent {
		in.fail(member, reasonRequired, "Member must not be null")
	}
}

// read is a member that is there, and not null, if it has the type of value.
func (in input) read(member, kind string, value any) bool {
	raw, ok := in.members[member]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, value); err != nil {
		if in.q.mistyped == nil {
			in.q.mistyped = fmt.Errorf("%s must be %s", in.path+member, kind)
		}
		return false
	}
	return true
}

// optional is a text member that need not be there.
func (in input) optional(member string, r rule) string {
	var value string
	if in.read(member, "a string", &value) {
		in.check(member, value, r)
	}
	return value
}

// required is a text member that must be there.
func (in input) required(member string, r rule) string {
	var value string
	if !in.read(member, "a string", &value) {
		in.missing(member)
		return ""
	}
	in.check(member, value, r)
	return value
}

func (in input) check(member, value string, r rule) {
	switch {
	case r.pattern != nil && !r.pattern().MatchString(value):
		in.fail(member, reasonPattern, "Member must satisfy regular expression pattern: %s", r.shown)
	case r.enum != nil && !slices.Contains(r.enum, value):
		in.fail(member, reasonEnum, "Member must satisfy enum value set: [%s]", strings.Join(r.enum, ", "))
	case r.most > 0 && utf8.RuneCountInString(value) > r.most:
		in.fail(member, reasonLong, "Member must have length less than or equal to %d", r.most)
	case r.noted:
		in.q.parameter(lowerFirst(member), value)
	}
}

// number is a member that need not be there, 0 when it is not.
func (in input) number(member string, least, most int) int {
	var value int
	if !in.read(member, "an integer", &value) {
		return 0
	}
	switch {
	case value < least:
		in.fail(member, reasonSmall, "Member must have value greater than or equal to %d", least)
	case value > most:
		in.fail(member, reasonLarge, "Member must have value less than or equal to %d", most)
	}
	return value
}

// structure is a member that is one, and whether it is there.
func (in input) structure(member string) (input, bool) {
	inner := input{path: in.path + lowerFirst(member) + ".", q: in.q}
	inner.absent = !in.read(member, "a structure", &inner.members)
	return inner, !inner.absent
}

// requiredStructure is one that must be there.
func (in input) requiredStructure(member string) input {
	inner, there := in.structure(member)
	if !there {
		in.missing(member)
	}
	return inner
}

// wrong is the fault for all that is wrong with what was read, nil when nothing is.
func (q *question) wrong() error {
	if q.mistyped != nil {
		return q.malformed(q.mistyped)
	}
	if len(q.problems) == 0 {
		return nil
	}
	return q.invalid(q.problems...)
}

func (q *question) invalid(problems ...problem) error {
	first := problems[0]
	if q.service == "organizations" {
		f := q.fault(named{http.StatusBadRequest, "InvalidInputException"}, "%s (%s)", invalidInput[first.reason], first.member)
		f.detail.Reason = first.reason
		return f
	}
	validation := named{http.StatusBadRequest, "ValidationException"}
	if first.reason == reasonToken {
		return q.fault(validation, "%s", first.says)
	}
	var says []string
	for _, p := range problems {
		says = append(says, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", p.member, p.says))
	}
	return q.fault(validation, "%s detected: %s", count(len(says), "validation error"), strings.Join(says, "; "))
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// lowerFirst is a member as errors and events name it: InstanceArn as instanceArn.
func lowerFirst(member string) string {
	first, size := utf8.DecodeRuneInString(member)
	return string(unicode.ToLower(first)) + member[size:]
}
