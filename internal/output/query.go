package output

import (
	"errors"
	"fmt"
)

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
	return v, noReference(v)
}

// noReference returns an error when a value has an expression in it. All else
// that an evaluation makes is of the plain kinds. It is not copied, because
// YAML tells a list that is selected twice from two that are alike.
func noReference(v any) error {
	switch v := v.(type) {
	case *reference:
		return errors.New("the query selects an expression, not a value")
	case []any:
		for _, e := range v {
			if err := noReference(e); err != nil {
				return err
			}
		}
	case Object:
		for _, m := range v {
			if err := noReference(m.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
