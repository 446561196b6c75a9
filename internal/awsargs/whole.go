package awsargs

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
	yaml "go.yaml.in/yaml/v4"
)

// wholeInput reads --cli-input-json or --cli-input-yaml. Flags override what
// is there.
func (a *Arguments) wholeInput(op *awsmodel.Operation, given given, files files) error {
	if given.has("cli-input-json") && given.has("cli-input-yaml") {
		return &UsageError{Problem: "Only one --cli-input- parameter may be specified."}
	}
	name, parse, problem := "cli-input-json", parseJSON, "Invalid JSON received."
	if given.has("cli-input-yaml") {
		name, parse, problem = "cli-input-yaml", parseYAML, "Invalid YAML received."
	}
	flag := argument{flag: "--" + name, files: files}
	text := given.word(name)
	content, loaded, err := files.parameter(flag.flag, text)
	if err != nil {
		return err
	}
	if loaded {
		text = string(content)
	}
	v, err := parse(text)
	if err != nil {
		flag.flag = name // the AWS CLI's words
		return flag.errorf("%s\n%s", problem, err)
	}
	o, ok := v.(output.Object)
	if !ok {
		return flag.errorf("Invalid type: expecting map, received %s", pythonClass(v))
	}
	for _, m := range o {
		if _, given := a.Input.Get(m.Name); !given {
			a.Input = append(a.Input, m)
		}
		if p := op.Paging; p != nil && (m.Name == p.InputToken || m.Name == p.Limit) {
			a.Manual = true
		}
	}
	return nil
}

// parseYAML reads a document of YAML 1.2 into the values that JSON has, and
// bytes.
func parseYAML(text string) (any, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	left := 100_000 // so that aliases of aliases end
	return yamlValue(document.Content[0], &left)
}

func yamlValue(n *yaml.Node, left *int) (any, error) {
	if *left--; *left < 0 {
		return nil, errors.New("too many values")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return yamlValue(n.Alias, left)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := yamlValue(c, left)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return yamlMapping(n, left)
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return i, nil
		}
		return n.Value, nil
	case "!!float":
		var f float64
		err := n.Decode(&f)
		return f, err
	case "!!binary":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
	}
	return n.Value, nil
}

func yamlMapping(n *yaml.Node, left *int) (any, error) {
	own, merged := output.Object{}, []output.Object{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v, err := yamlValue(n.Content[i+1], left)
		if err != nil {
			return nil, err
		}
		if n.Content[i].ShortTag() != "!!merge" {
			own = own.With(n.Content[i].Value, v)
			continue
		}
		switch v := v.(type) {
		case output.Object:
			merged = append(merged, v)
		case []any:
			for _, e := range v {
				if o, ok := e.(output.Object); ok {
					merged = append(merged, o)
				}
			}
		}
	}
	for _, o := range merged {
		for _, m := range o {
			if _, ok := own.Get(m.Name); !ok {
				own = append(own, m)
			}
		}
	}
	return own, nil
}
