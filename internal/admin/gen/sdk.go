package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/portico-sso/portico/internal/awsmodel"
)

// An sdk is what the Go sources of one of the SDK's packages say.
type sdk struct {
	Path, Version string
	dir           string

	operations []string
	docs       map[string]string // of operations
	schemas    map[string][2]string
	structs    map[string][]field
	named      map[string]string   // types with another underneath, such as enums
	enums      map[string][]string // values, by type
	pagers     map[string]pager
}

// A field is one of a struct's, in the order of the source.
type field struct {
	Name     string
	Type     ast.Expr
	Doc      string
	Required bool
}

// A pager is what a paginator of the SDK moves to and fro, by Go field.
type pager struct{ in, out, limit string }

func openSDK(name string) (*sdk, error) {
	path := "github.com/aws/aws-sdk-go-v2/service/" + name
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}} {{.Version}}", path).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m %s: %w", path, err)
	}
	dir, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	s := &sdk{Path: path, Version: version, dir: dir, docs: map[string]string{}, schemas: map[string][2]string{},
		structs: map[string][]field{}, named: map[string]string{}, enums: map[string][]string{}, pagers: map[string]pager{}}
	files, err := filepath.Glob(filepath.Join(dir, "api_op_*.go"))
	if err != nil {
		return nil, err
	}
	for _, f := range append(files, filepath.Join(dir, "types", "types.go"), filepath.Join(dir, "types", "enums.go")) {
		if err := s.read(f); err != nil {
			return nil, err
		}
	}
	slices.Sort(s.operations)
	return s, nil
}

func (s *sdk) read(file string) error {
	if matches, _ := filepath.Glob(file); len(matches) == 0 {
		return nil // a package without enums
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.readFunc(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					s.readType(spec)
				case *ast.ValueSpec:
					s.readConst(spec)
				}
			}
		}
	}
	return nil
}

func (s *sdk) readType(spec *ast.TypeSpec) {
	switch t := spec.Type.(type) {
	case *ast.StructType:
		fields := []field{}
		for _, f := range t.Fields.List {
			if len(f.Names) == 0 || f.Names[0].Name == "ResultMetadata" {
				continue
			}
			doc := f.Doc.Text()
			fields = append(fields, field{Name: f.Names[0].Name, Type: f.Type, Doc: firstSentence(doc),
				Required: strings.Contains(doc, "This member is required.")})
		}
		s.structs[spec.Name.Name] = fields
	case *ast.Ident:
		s.named[spec.Name.Name] = t.Name
	}
}

func (s *sdk) readConst(spec *ast.ValueSpec) {
	name, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	if value, ok := stringValue(spec.Values[0]); ok {
		s.enums[name.Name] = append(s.enums[name.Name], value)
	}
}

func stringValue(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(lit.Value)
	return v, err == nil
}

// readFunc looks for operations, their schemas and their paginators.
func (s *sdk) readFunc(d *ast.FuncDecl) {
	if d.Recv == nil {
		return
	}
	star, ok := d.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return
	}
	recv := star.X.(*ast.Ident).Name
	switch {
	case recv == "Client" && d.Name.IsExported():
		s.operations = append(s.operations, d.Name.Name)
		s.docs[d.Name.Name] = firstSentence(d.Doc.Text())
	case recv == "Client":
		ast.Inspect(d, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && selected(call.Fun) == "NewOperationSchema" {
				s.schemas[selected(call.Args[0])] = [2]string{selected(call.Args[1]), selected(call.Args[2])}
			}
			return true
		})
	case strings.HasSuffix(recv, "Paginator") && d.Name.Name == "NextPage":
		var p pager
		ast.Inspect(d, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok {
				return true
			}
			l, _ := a.Lhs[0].(*ast.SelectorExpr)
			if l == nil {
				return true
			}
			to, of := ast.Unparen(l.X).(*ast.Ident), a.Rhs[0]
			from, _ := of.(*ast.SelectorExpr)
			switch {
			case to == nil:
			case to.Name == "params" && selected(of) == "nextToken":
				p.in = l.Sel.Name
			case to.Name == "params" && isIdent(of, "limit"):
				p.limit = l.Sel.Name
			case to.Name == "p" && l.Sel.Name == "nextToken" && from != nil && isIdent(from.X, "result"):
				p.out = from.Sel.Name
			}
			return true
		})
		s.pagers[strings.TrimSuffix(recv, "Paginator")] = p
	}
}

func isIdent(e ast.Expr, name string) bool {
	i, ok := e.(*ast.Ident)
	return ok && i.Name == name
}

// selected is the last name of an expression such as schemas.Tag.
func selected(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

var (
	space    = regexp.MustCompile(`\s+`)
	link     = regexp.MustCompile(`\[([^\]]*)\](\w?)`)
	sentence = regexp.MustCompile(`[.:] +[A-Z"(]|[.:]$`)
	short    = regexp.MustCompile(`(?:e\.g|i\.e|etc|vs)$`)
)

// firstSentence returns the first sentence of a comment, in one line and
// without the marks of links.
func firstSentence(doc string) string {
	doc, _, _ = strings.Cut(doc, "\n\n")
	doc = link.ReplaceAllStringFunc(space.ReplaceAllString(strings.TrimSpace(doc), " "), func(s string) string {
		m := link.FindStringSubmatch(s)
		if m[2] != "" {
			m[1] += " "
		}
		return m[1] + m[2]
	})
	for _, at := range sentence.FindAllStringIndex(doc, -1) {
		if !short.MatchString(doc[:at[0]]) {
			return doc[:at[0]] + "."
		}
	}
	return doc
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return string(unicode.ToUpper(rune(s[0]))) + s[1:]
}

// annotate adds to a model what the Go sources alone know, and checks that the
// two agree: each member has a field of its name.
func (s *sdk) annotate(m *model, of service) error {
	for _, op := range m.Operations {
		op.Doc = s.docs[op.Name]
		op.Open = slices.Contains(of.Open, op.Name) || slices.Contains(of.Open, every)
		op.Reads = reads(op.Name)
		for _, side := range []struct {
			shape *awsmodel.Shape
			name  string
		}{{op.Input, op.Name + "Input"}, {op.Output, op.Name + "Output"}} {
			if err := s.annotateStruct(side.shape, side.name, side.shape == op.Input); err != nil {
				return err
			}
		}
		if err := s.page(op); err != nil {
			return err
		}
	}
	for _, shape := range m.nested() {
		if shape.Kind == awsmodel.Structure && !shape.Union {
			if err := s.annotateStruct(shape, upperFirst(shape.Name), false); err != nil {
				return err
			}
		}
		if values := s.enums[upperFirst(shape.Name)]; shape.Kind == awsmodel.String && values != nil {
			shape.Enum = values
		}
	}
	return nil
}

func (s *sdk) annotateStruct(shape *awsmodel.Shape, name string, doc bool) error {
	fields, ok := s.structs[name]
	if !ok && len(shape.Members) > 0 {
		return fmt.Errorf("%s has no struct %s", shape.Name, name)
	}
	if len(fields) != len(shape.Members) {
		return fmt.Errorf("%s has %d members, the struct %s has %d", shape.Name, len(shape.Members), name, len(fields))
	}
	for i, m := range shape.Members {
		at := slices.IndexFunc(fields, func(f field) bool { return f.Name == upperFirst(m.Name) })
		if at < 0 {
			return fmt.Errorf("%s has no field for %s.%s", name, shape.Name, m.Name)
		}
		shape.Members[i].Required = fields[at].Required
		if doc {
			shape.Members[i].Doc = fields[at].Doc
		}
	}
	return nil
}

// reads reports whether an operation changes nothing, going by its verb. A token
// or code that can be used once is used by the call.
func reads(operation string) bool {
	if operation == "GetDelegatedAccessToken" || operation == "GetSessionToken" {
		return false
	}
	for _, verb := range []string{"Get", "List", "Describe", "Lookup", "Is", "Decode"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}

// page describes the paging of an operation for which the SDK has a paginator.
// What it lists is the one list in its answer.
func (s *sdk) page(op *awsmodel.Operation) error {
	p, ok := s.pagers[op.Name]
	if !ok {
		return nil
	}
	wire := func(shape *awsmodel.Shape, goName string) string {
		for _, m := range shape.Members {
			if upperFirst(m.Name) == goName {
				return m.Name
			}
		}
		return ""
	}
	op.Paging = &awsmodel.Paging{InputToken: wire(op.Input, p.in), OutputToken: wire(op.Output, p.out), Limit: wire(op.Input, p.limit)}
	for _, m := range op.Output.Members {
		if m.Shape.Kind == awsmodel.List {
			op.Paging.Results = append(op.Paging.Results, m.Name)
		}
	}
	if op.Paging.InputToken == "" || op.Paging.OutputToken == "" || len(op.Paging.Results) != 1 {
		return fmt.Errorf("%s pages in a way this does not know: %+v", op.Name, *op.Paging)
	}
	return nil
}
