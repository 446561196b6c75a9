package cli

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Whose a command line is, wherever the global flags stand.
func TestRoute(t *testing.T) {
	tests := []struct {
		line string
		want route
	}{
		{"", ours},
		{"help", ours},
		{"--help", ours},
		{"-h", ours},
		{"--version", ours},
		{"help sso login", ours},
		{"help topics", through},
		{"completion bash", ours},
		{"__complete sso ", ours},
		{"__completeNoDesc ec2 ", ours},
		{"exec -- ec2 describe-instances", ours},
		{"exec ec2 describe-instances", ours},
		{"local start", ours},
		{"local strt", ours},
		{"local frobnicate", ours},
		{"demo", ours},

		{"sso login", ours},
		{"sso login help", ours},
		{"sso help", ours},
		{"sso", ours},
		{"sso lgoin", ours},
		{"sso frobnicate-all", through},
		{"--profile ec2 sso login", ours},
		{"--profile=ec2 sso login", ours},
		{"sso --region ec2 login", ours},
		{"--no-verify-ssl sso --debug login", ours},
		{"sts get-caller-identity --query ec2", ours},
		{"sts get-caller-identity help", ours},

		{"configure", through},
		{"configure --profile dev", through},
		{"--profile dev configure", through},
		{"configure --help", ours},
		{"configure help", ours},
		{"configure sso", ours},
		{"configure --profile dev sso", ours},
		{"configure import --csv x", through},
		{"configure add-model", through},
		{"configure mfa-login", through},
		{"configure get region", ours},
		{"configure get plugins", ours},
		{"configure get profile.plugins.region", ours},
		{"configure get plugins.endpoint", through},
		{"configure set plugins.endpoint awscli_plugin_endpoint", through},
		{"--profile dev configure set preview.cloudfront true", through},

		{"s3", ours},
		{"s3 help", through},
		{"s3 ls", ours},
		{"s3 ls --profile dev", ours},
		{"--profile dev s3 --region x ls", ours},
		{"s3 ls --help", ours},
		{"s3 ls help", through},
		{"s3 ls s3://bucket", through},
		{"s3 ls --profile dev bucket", through},
		{"s3 ls --recursive", through},
		{"s3 ls --page-size 5", through},
		{"s3 cp a b", through},
		{"s3 lz", through},

		{"ec2", through},
		{"ec2 help", through},
		{"ec2 describe-instances", through},
		{"ec2 describe-instances --profile dev", through},
		{"--profile dev ec2 describe-instances", through},
		{"--profile sso ec2 describe-instances", through},
		{"--prof sso ec2 describe-instances", through},
		{"--output=sso ec2 describe-instances", through},
		{"--profile --debug ec2", through},
		{"-- ec2 describe-instances", through},
		{"sqs list-queues", through}, // near sso
		{"ssm", through},             // nearer
		{"ses", through},
		{"ssso login", ours},
		{"exxec", ours},
		{"configre sso", ours},
		{"a-service-of-tomorrow", through},
	}
	a := &App{Name: "portico", Home: t.TempDir()}
	root := newRoot(a)
	for _, test := range tests {
		if got := a.route(root, look(strings.Fields(test.line))); got != test.want {
			t.Errorf("%q: got route %d, want %d", test.line, got, test.want)
		}
	}
}

// Called aws, portico takes what it has, and corrects nobody.
func TestRouteCalledAWS(t *testing.T) {
	a := &App{Name: "aws", Home: t.TempDir()}
	root := newRoot(a)
	for line, want := range map[string]route{
		"": ours, "help": ours, "--version": through, "sso login": ours, "exec -- x": ours, "ec2": through,
		"ssso login": through, "exxec": through, "sso lgoin": through,
	} {
		if got := a.route(root, look(strings.Fields(line))); got != want {
			t.Errorf("%q: got route %d, want %d", line, got, want)
		}
	}
}

func TestSpelled(t *testing.T) {
	root := newRoot(&App{Name: "portico"})
	for line, want := range map[string]string{
		"sso help":                           "sso --help",
		"sso login help":                     "sso login --help",
		"--profile help sso login help":      "--profile help sso login --help",
		"sso login":                          "sso login",
		"help sso login":                     "help sso login",
		"exec help":                          "exec help",
		"sso list-accounts --max-items help": "sso list-accounts --max-items help",

		"sso login --prof dev --use":                     "sso login --profile dev --use-device-code",
		"--prof=dev configure list":                      "--profile=dev configure list",
		"configure export-credentials --form env":        "configure export-credentials --format env",
		"configure get region --pro dev --sso-s=x":       "configure get region --profile dev --sso-session=x",
		"sso login --no":                                 "sso login --no",
		"configure set key -- --prof":                    "configure set key -- --prof",
		"sso list-accounts --max 5 --prof dev":           "sso list-accounts --max 5 --prof dev",
		"exec --prof dev terraform --prof x":             "exec --profile dev terraform --prof x",
		"exec --prof dev -- terraform --prof x":          "exec --profile dev -- terraform --prof x",
		"local run --prof dev aws ec2 describe --prof x": "local run --profile dev aws ec2 describe --prof x",
		"portal --op": "portal --open",
	} {
		if got := strings.Join(look(strings.Fields(line)).spelled(root), " "); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// What is ours in the list is there because the AWS CLI has it too.
func TestListOfAWSCommands(t *testing.T) {
	names := strings.Split(strings.TrimSuffix(awsCommands, "\n"), "\n")
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Error("the list is not in order, or has a name twice")
	}
	for _, c := range newRoot(&App{Name: "portico"}).Commands() {
		if c.Name() == "help" {
			continue
		}
		if got := slices.Contains(names, c.Name()); got != (c.GroupID == groupAWS) {
			t.Errorf("%s: in the list of AWS commands: %v, in group %q", c.Name(), got, c.GroupID)
		}
	}
}

func TestInstallAWS(t *testing.T) {
	for _, test := range []struct{ goos, goarch, release, want string }{
		{"darwin", "arm64", "", "brew install awscli"},
		{"windows", "amd64", "", "winget install --exact --id Amazon.AWSCLI"},
		{"linux", "amd64", "ID=debian\n", "sudo apt install awscli"},
		{"linux", "amd64", "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "curl -fsSO https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip && unzip -q awscli-exe-linux-x86_64.zip && sudo ./aws/install"},
		{"linux", "arm64", "NAME=x\nID='ubuntu'\n", "sudo snap install aws-cli --classic"},
		{"linux", "arm64", "ID=alpine", "apk add aws-cli"},
		{"linux", "arm64", "ID=\"fedora\"\n", "sudo dnf install awscli2"},
		{"linux", "arm64", "", "curl -fsSO https://awscli.amazonaws.com/awscli-exe-linux-aarch64.zip && unzip -q awscli-exe-linux-aarch64.zip && sudo ./aws/install"},
		{"linux", "riscv64", "ID=odd", "see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"},
		{"freebsd", "amd64", "", "see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"},
	} {
		if got := installAWS(test.goos, test.goarch, test.release); got != test.want {
			t.Errorf("%s/%s %q: got %q, want %q", test.goos, test.goarch, test.release, got, test.want)
		}
	}
}

func TestSpeaksOfPortico(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"wrapper":   {"#!/bin/sh\nexec portico \"$@\"\n", true},
		"script":    {"#!/usr/bin/python3\nimport awscli\n", false},
		"binary":    {"\x7fELF portico", false},
		"batch.cmd": {"@portico %*\r\n", true},
		"empty":     {"", false},
	} {
		path := dir + "/" + name
		if err := os.WriteFile(path, []byte(test.text), 0o755); err != nil {
			t.Fatal(err)
		}
		if got := speaksOfPortico(path); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
