package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsmodel"
)

// A model is the operations of a service and the shapes they reach.
type model struct{ Operations []*awsmodel.Operation }

// nested returns the shapes below inputs and outputs, each once, by name.
func (m *model) nested() []*awsmodel.Shape {
	var all []*awsmodel.Shape
	top := map[*awsmodel.Shape]bool{}
	seen := map[*awsmodel.Shape]bool{}
	var walk func(*awsmodel.Shape)
	walk = func(s *awsmodel.Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		if !top[s] {
			all = append(all, s)
		}
		walk(s.Key)
		walk(s.Element)
		for _, member := range s.Members {
			walk(member.Shape)
		}
	}
	for _, op := range m.Operations {
		top[op.Input], top[op.Output] = true, true
	}
	for _, op := range m.Operations {
		walk(op.Input)
		walk(op.Output)
	}
	slices.SortFunc(all, func(a, b *awsmodel.Shape) int { return strings.Compare(a.Name, b.Name) })
	return all
}

var shapeTypes = map[string]awsmodel.Kind{
	"ShapeTypeStructure": awsmodel.Structure, "ShapeTypeUnion": awsmodel.Structure, "ShapeTypeList": awsmodel.List, "ShapeTypeMap": awsmodel.Map,
	"ShapeTypeString": awsmodel.String, "ShapeTypeEnum": awsmodel.String, "ShapeTypeBoolean": awsmodel.Boolean,
	"ShapeTypeInteger": awsmodel.Integer, "ShapeTypeLong": awsmodel.Long, "ShapeTypeFloat": awsmodel.Float, "ShapeTypeDouble": awsmodel.Double,
	"ShapeTypeTimestamp": awsmodel.Timestamp, "ShapeTypeBlob": awsmodel.Blob, "ShapeTypeDocument": awsmodel.Document,
}

// readSchemas reads the model from the SDK's schemas package: shapes are
// variables, and init adds their members in the model's order.
func readSchemas(s *sdk) (*model, error) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(s.dir, "schemas", "schemas.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	shapes := map[string]*awsmodel.Shape{
		"nil":     {}, // what takes or answers nothing
		"Boolean": {Name: "Boolean", Kind: awsmodel.Boolean},
	}
	enums := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		call, ok := spec.Values[0].(*ast.CallExpr)
		if !ok || selected(call.Fun) != "NewSchema" {
			return true
		}
		typ := selected(call.Args[1])
		kind, ok := shapeTypes[typ]
		if !ok {
			return true // operations, the service
		}
		enums[spec.Names[0].Name] = typ == "ShapeTypeEnum"
		shapes[spec.Names[0].Name] = &awsmodel.Shape{Name: shapeName(call.Args[0]), Kind: kind, Union: typ == "ShapeTypeUnion", Sensitive: sensitive(call.Args)}
		return true
	})
	var problem error
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || selected(call.Fun) != "AddMember" {
			return true
		}
		variable := selected(call.Fun.(*ast.SelectorExpr).X)
		of, target := shapes[variable], shapes[selected(call.Args[1])]
		name, _ := stringValue(call.Args[0])
		switch {
		case enums[variable]:
		case of == nil || target == nil:
			problem = fmt.Errorf("member %s of %s is of a shape this does not know", name, variable)
		case of.Kind == awsmodel.Structure:
			of.Members = append(of.Members, awsmodel.Member{Name: name, Shape: target})
		case name == "key":
			of.Key = target
		default:
			of.Element = target
		}
		return true
	})
	m := &model{}
	for _, op := range s.operations {
		io := s.schemas[op]
		in, out := shapes[io[0]], shapes[io[1]]
		if in == nil || out == nil {
			return nil, fmt.Errorf("%s has no schemas", op)
		}
		m.Operations = append(m.Operations, &awsmodel.Operation{Name: op, Input: in, Output: out})
	}
	return m, problem
}

func shapeName(id ast.Expr) string {
	for _, e := range id.(*ast.CompositeLit).Elts {
		if kv := e.(*ast.KeyValueExpr); isIdent(kv.Key, "Name") {
			name, _ := stringValue(kv.Value)
			return name
		}
	}
	return ""
}

func sensitive(traits []ast.Expr) bool {
	return slices.ContainsFunc(traits, func(e ast.Expr) bool {
		u, ok := e.(*ast.UnaryExpr)
		if !ok {
			return false
		}
		lit, ok := u.X.(*ast.CompositeLit)
		return ok && selected(lit.Type) == "Sensitive"
	})
}

// readTypes reads the model from the SDK's structs, whose order is their own.
// The model's is in a file: a line for each struct, its name and its members; a
// star marks those that are never shown.
func readTypes(s *sdk, orderFile string) (*model, error) {
	order, err := readOrder(orderFile)
	if err != nil {
		return nil, err
	}
	r := &typeReader{sdk: s, order: order, shapes: map[string]*awsmodel.Shape{}}
	m := &model{}
	for _, op := range s.operations {
		m.Operations = append(m.Operations, &awsmodel.Operation{Name: op, Input: r.structure(op + "Input"), Output: r.structure(op + "Output")})
	}
	return m, r.problem
}

func readOrder(name string) (map[string][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	order := map[string][]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 0 && words[0] != "#" {
			order[words[0]] = words[1:]
		}
	}
	return order, nil
}

type typeReader struct {
	sdk     *sdk
	order   map[string][]string
	shapes  map[string]*awsmodel.Shape
	problem error
}

func (r *typeReader) structure(name string) *awsmodel.Shape {
	if s := r.shapes[name]; s != nil {
		return s
	}
	s := &awsmodel.Shape{Name: name}
	r.shapes[name] = s
	add := func(member string, t ast.Expr, secret bool) {
		s.Members = append(s.Members, awsmodel.Member{Name: member, Shape: r.shape(t, secret)})
	}
	fields := slices.Clone(r.sdk.structs[name])
	for _, member := range r.order[name] {
		member, secret := strings.CutSuffix(member, "*")
		at := slices.IndexFunc(fields, func(f field) bool { return f.Name == upperFirst(member) })
		if at < 0 {
			r.problem = fmt.Errorf("%s has no field for %s, which is in the order of members", name, member)
			return s
		}
		add(member, fields[at].Type, secret)
		fields = slices.Delete(fields, at, at+1)
	}
	// What is new has no place yet. AWS adds at the end.
	for _, f := range fields {
		add(f.Name, f.Type, false)
	}
	return s
}

func (r *typeReader) shape(t ast.Expr, secret bool) *awsmodel.Shape {
	switch t := t.(type) {
	case *ast.StarExpr:
		return r.shape(t.X, secret)
	case *ast.ArrayType:
		element := r.shape(t.Elt, secret)
		return r.once(&awsmodel.Shape{Name: element.Name + "List", Kind: awsmodel.List, Element: element})
	}
	name := selected(t)
	if _, ok := r.sdk.structs[name]; ok {
		return r.structure(name)
	}
	kinds := map[string]awsmodel.Kind{"string": awsmodel.String, "bool": awsmodel.Boolean, "int32": awsmodel.Integer, "int64": awsmodel.Long, "Time": awsmodel.Timestamp}
	if kind, ok := kinds[name]; ok {
		s := &awsmodel.Shape{Name: upperFirst(name), Kind: kind, Sensitive: secret}
		if secret {
			s.Name = "Secret" + s.Name
		}
		return r.once(s)
	}
	r.problem = fmt.Errorf("a field of type %s", name)
	return &awsmodel.Shape{}
}

func (r *typeReader) once(s *awsmodel.Shape) *awsmodel.Shape {
	if known := r.shapes[s.Name]; known != nil {
		return known
	}
	r.shapes[s.Name] = s
	return s
}
