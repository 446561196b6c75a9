package awsargs

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// Skeleton is a sample of what an operation takes (kind input), or answers (kind
// output), as --generate-cli-skeleton makes it. The one of an answer goes by
// --output and --query; WriteSkeleton prints the one of an input.
func Skeleton(op *awsmodel.Operation, kind string) (output.Object, error) {
	switch kind {
	case "input":
		return sampler{}.structure(op.Input), nil
	case "output":
		return sampler{names: true}.structure(op.Output), nil
	}
	return nil, fmt.Errorf("there is no skeleton %q", kind)
}

// A sampler makes sample values. Shapes that hold themselves end at the second
// time.
type sampler struct {
	names bool // strings are the names of their members
	above []string
}

func (s sampler) structure(shape *awsmodel.Shape) output.Object {
	o := output.Object{}
	if slices.Contains(s.above, shape.Name) {
		return o
	}
	s.above = append(slices.Clone(s.above), shape.Name)
	for _, m := range shape.Members {
		o = append(o, output.Member{Name: m.Name, Value: s.value(m.Shape, m.Name)})
	}
	return o
}

func (s sampler) value(shape *awsmodel.Shape, name string) any {
	switch shape.Kind {
	case awsmodel.Structure:
		return s.structure(shape)
	case awsmodel.Document:
		return output.Object{}
	case awsmodel.List:
		return []any{s.value(shape.Element, shape.Element.Name)}
	case awsmodel.Map:
		return output.Object{{Name: "KeyName", Value: s.value(shape.Element, "")}}
	case awsmodel.String:
		switch {
		case s.names:
			return name
		case len(shape.Enum) > 0:
			// The AWS CLI picks one at random.
			return shape.Enum[0]
		}
		return ""
	case awsmodel.Integer, awsmodel.Long:
		return int64(0)
	case awsmodel.Float, awsmodel.Double:
		return 0.0
	case awsmodel.Boolean:
		return true
	case awsmodel.Timestamp:
		return "1970-01-01T00:00:00"
	}
	return nil // bytes have no form in JSON
}

// WriteSkeleton prints the sample of an operation's input: input is JSON for
// --cli-input-json, yaml-input is YAML for --cli-input-yaml, with comments.
func WriteSkeleton(w io.Writer, op *awsmodel.Operation, kind string) error {
	if kind == "input" {
		return output.WriteIndented(w, sampler{}.structure(op.Input), 4)
	}
	y := yamlSkeleton{}
	if len(op.Input.Members) == 0 {
		y.WriteString("{}\n")
	}
	y.structure(op.Input, "", nil)
	_, err := io.WriteString(w, y.String())
	return err
}

// A yamlSkeleton is a sample as YAML. What is said of a member stands behind it.
type yamlSkeleton struct{ strings.Builder }

// structure writes members on lines of their own.
func (y *yamlSkeleton) structure(shape *awsmodel.Shape, indent string, above []string) {
	above = append(slices.Clone(above), shape.Name)
	for i, m := range shape.Members {
		if i > 0 || !strings.HasSuffix(y.String(), "- ") {
			y.WriteString(indent)
		}
		y.WriteString(m.Name + ":")
		comment := memberComment(m)
		if comment != "" && i == 0 {
			comment = " " + comment
		}
		y.value(m.Shape, indent, comment, above)
	}
}

func memberComment(m awsmodel.Member) string {
	var parts []string
	if m.Required {
		parts = append(parts, "[REQUIRED]")
	}
	if m.Doc != "" {
		parts = append(parts, m.Doc)
	}
	if len(m.Shape.Enum) > 0 {
		parts = append(parts, "Valid values are: "+strings.Join(m.Shape.Enum, ", ")+".")
	}
	if len(parts) == 0 {
		return ""
	}
	return " # " + strings.Join(parts, " ")
}

// value writes what follows a key or the dash of a list.
func (y *yamlSkeleton) value(shape *awsmodel.Shape, indent, comment string, above []string) {
	switch shape.Kind {
	case awsmodel.Structure:
		if slices.Contains(above, shape.Name) || len(shape.Members) == 0 {
			y.WriteString(" {}" + comment + "\n")
			return
		}
		y.WriteString(comment + "\n")
		y.structure(shape, indent+"  ", above)
	case awsmodel.Map:
		y.WriteString(comment + "\n" + indent + "  KeyName:")
		y.value(shape.Element, indent+"  ", "", above)
	case awsmodel.List:
		y.WriteString(comment + "\n")
		y.element(shape.Element, indent, above)
	default:
		y.WriteString(" " + yamlScalar(shape) + comment + "\n")
	}
}

// element writes the only element of a list.
func (y *yamlSkeleton) element(shape *awsmodel.Shape, indent string, above []string) {
	y.WriteString(indent + "-")
	if shape.Kind == awsmodel.Structure && len(shape.Members) > 0 && !slices.Contains(above, shape.Name) {
		y.WriteString(" ")
		y.structure(shape, indent+"  ", above)
		return
	}
	y.value(shape, indent+"  ", "", above)
}

func yamlScalar(shape *awsmodel.Shape) string {
	switch v := (sampler{}).value(shape, "").(type) {
	case nil:
		return "!!binary ''"
	case string:
		if v == "" {
			return "''"
		}
		return v
	default:
		return strings.ToLower(output.Repr(v))
	}
}
