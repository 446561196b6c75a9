package awsargs

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// typed puts an input in the model's order, and times and bytes in the place of
// the text that stands for them. Text that stands for none stays.
func typed(shape *awsmodel.Shape, o output.Object, decode bool) (output.Object, error) {
	sorted := make(output.Object, 0, len(o))
	for _, m := range shape.Members {
		v, ok := o.Get(m.Name)
		if !ok {
			continue
		}
		v, err := typedValue(m.Shape, v, decode)
		if err != nil {
			return nil, err
		}
		sorted = append(sorted, output.Member{Name: m.Name, Value: v})
	}
	for _, m := range o {
		if _, ok := shape.Member(m.Name); !ok {
			sorted = append(sorted, m)
		}
	}
	return sorted, nil
}

func typedValue(shape *awsmodel.Shape, v any, decode bool) (any, error) {
	var err error
	switch v := v.(type) {
	case output.Object:
		switch shape.Kind {
		case awsmodel.Structure:
			return typed(shape, v, decode)
		case awsmodel.Map:
			for i := range v {
				if v[i].Value, err = typedValue(shape.Element, v[i].Value, decode); err != nil {
					return nil, err
				}
			}
		}
		return v, nil
	case []any:
		if shape.Kind != awsmodel.List {
			return v, nil
		}
		for i := range v {
			if v[i], err = typedValue(shape.Element, v[i], decode); err != nil {
				return nil, err
			}
		}
		return v, nil
	case string:
		switch shape.Kind {
		case awsmodel.Timestamp:
			if t, ok := parseTime(v); ok {
				return t, nil
			}
		case awsmodel.Blob:
			if decode {
				return decodeBase64(v)
			}
			return []byte(v), nil
		}
	case int64:
		if t, ok := fromEpoch(float64(v)); ok && shape.Kind == awsmodel.Timestamp {
			return t, nil
		}
	case float64:
		if t, ok := fromEpoch(v); ok && shape.Kind == awsmodel.Timestamp {
			return t, nil
		}
	}
	return v, nil
}

// decodeBase64 passes over what is not of the alphabet, as Python does.
func decodeBase64(text string) ([]byte, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	b, err := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if strings.ContainsRune(alphabet, r) {
			return r
		}
		return -1
	}, text))
	if err != nil {
		return nil, &UsageError{Problem: fmt.Sprintf("Invalid base64: \"%s\"", text)}
	}
	return b, nil
}

// parseTime reads a time as botocore does: seconds since 1970, ISO 8601 and the
// form of HTTP headers. Without a zone, it is this machine's.
func parseTime(text string) (time.Time, bool) {
	text = trimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return fromEpoch(seconds)
	}
	for _, layout := range []string{time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	text = strings.ToUpper(text)
	if i := strings.IndexAny(text, "T "); i >= 0 {
		text = text[:i] + "T" + text[i+1:]
	}
	for _, day := range []string{"2006-01-02", "20060102", "2006/01/02"} {
		if t, err := time.ParseInLocation(day, text, time.Local); err == nil {
			return t, true
		}
		for _, hour := range []string{"15:04:05", "15:04", "150405", "1504", "15"} {
			for _, zone := range []string{"", "Z07:00", "Z0700", "Z07", " Z07:00", " Z0700", " Z07"} {
				if t, err := time.ParseInLocation(day+"T"+hour+zone, text, time.Local); err == nil {
					return t, true
				}
			}
		}
	}
	return time.Time{}, false
}
