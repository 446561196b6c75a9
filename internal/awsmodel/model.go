// Package awsmodel describes the operations of AWS services: what they take, what
// they answer, in the order of AWS's own models, and how their listings are paged.
// It holds types only; the descriptions themselves are generated into package
// admin.
package awsmodel

// A Kind is what a value is on the wire.
type Kind uint8

// The kinds.
const (
	Structure Kind = iota
	List
	Map
	String
	Boolean
	Integer // 32 bits
	Long    // 64 bits
	Float
	Double
	Timestamp
	Blob
	Document // any JSON value
)

// A Shape describes values. Shapes may be recursive.
type Shape struct {
	Name      string // the model's, such as InstanceMetadata
	Kind      Kind
	Members   []Member // of a structure, in the model's order
	Element   *Shape   // of a list, and the values of a map
	Key       *Shape   // of a map
	Enum      []string // the strings there are; nil means any
	Union     bool     // a structure of which exactly one member is set
	Sensitive bool     // never shown in a message
}

// A Member is a named part of a structure.
type Member struct {
	Name     string // as on the wire, such as InstanceArn or accountId
	Shape    *Shape
	Required bool
	Doc      string // one sentence, for members of an operation's input
}

// Member returns the member of that name.
func (s *Shape) Member(name string) (Member, bool) {
	for _, m := range s.Members {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

// An Operation is one call of a service.
type Operation struct {
	Name   string // in the model's words, such as ListAccountAssignments
	Doc    string // its first sentence
	Input  *Shape // a structure, without members when it takes nothing
	Output *Shape // a structure, without members when it answers nothing
	Paging *Paging
	Reads  bool // it changes nothing, so that it may be sent again
	Open   bool // it is not signed: its caller is known by a token, or not at all
}

// Paging is how a listing goes on, in the words of botocore's paginators.
type Paging struct {
	InputToken, OutputToken string
	Limit                   string   // the member that bounds a page; "" when there is none
	Results                 []string // the members that a merged answer joins
}

// A Service is a group of operations under one command.
type Service struct {
	Command    string // sso-admin
	Title      string // AWS Single Sign-On Admin
	Endpoint   string // its name in AWS_ENDPOINT_URL_<name>: SSO_ADMIN
	Operations []*Operation
}
