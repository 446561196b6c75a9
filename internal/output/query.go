package output

import "fmt"

// A Query is a compiled JMESPath expression.
type Query struct {
	root node
}

// A QueryError is an expression that does not compile.
type QueryError struct {
	Expression string
	Problem    string // in the words of the AWS CLI, with a line that points
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("Bad value for --query %s: %s", e.Expression, e.Problem)
}

// Compile reads a JMESPath expression; the empty one is no query. The error is
// a *QueryError.
func Compile(query string) (*Query, error) {
	if query == "" {
		return nil, nil
	}
	tokens, problem := scan([]rune(query))
	if problem == "" {
		p := &parser{expression: query, tokens: tokens}
		root := p.parse()
		if p.problem == "" {
			return &Query{root}, nil
		}
		problem = p.problem
	}
	return nil, &QueryError{query, problem}
}

// search returns what the query selects, made of the plain kinds of values.
func (q *Query) search(v any) (any, error) {
	v, err := q.root.eval(v)
	if err != nil {
		return nil, err
	}
	return plain(v)
}
