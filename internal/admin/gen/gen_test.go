package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The tables are what the generator makes of the SDK that go.mod names.
func TestTablesAreCurrent(t *testing.T) {
	for _, s := range services {
		want, err := generate(s, ".")
		if err != nil {
			t.Errorf("%s: %v", s.Package, err)
			continue
		}
		got, err := os.ReadFile(filepath.Join("..", s.file()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: run go generate ./internal/admin", s.file())
		}
	}
}

func TestFirstSentence(t *testing.T) {
	for comment, want := range map[string]string{
		"Lists things. Then more.\n":                         "Lists things.",
		"One for which e.g. John is\nthe name. Two.\n":       "One for which e.g. John is the name.",
		"See [the guide]in the guide.\n\nMore.\n":            "See the guide in the guide.",
		"The following are allowed: Some and others.\n":      "The following are allowed.",
		"Named sso-admin.example without an end\n":           "Named sso-admin.example without an end",
		"Value 1.5 is fine. (In other words, that is so).\n": "Value 1.5 is fine.",
	} {
		if got := firstSentence(comment); got != want {
			t.Errorf("%q: got %q, want %q", comment, got, want)
		}
	}
}
