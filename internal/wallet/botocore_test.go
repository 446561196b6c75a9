package wallet

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// botocoreNames answers each set of AssumeRole's arguments with the name of its
// entry, by botocore's own fetcher.
const botocoreNames = `
import json, sys
from botocore.credentials import AssumeRoleCredentialFetcher
names = []
for args in json.load(sys.stdin):
    arn = args.pop('RoleArn')
    names.append(AssumeRoleCredentialFetcher(None, None, arn, extra_args=args, cache={})._cache_key)
json.dump(names, sys.stdout)
`

// Entries have the names that botocore gives them for the same arguments, so that
// the AWS CLI finds ours and we find its own.
func TestAssumedRoleNamesAreBotocores(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import botocore").CombinedOutput(); err != nil {
		if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "debian-boto3") {
			t.Fatalf("debian-boto3 is required: %v\n%s", err, out)
		}
		t.Skipf("debian-boto3 is absent: %v", err)
	}
	const arn = "arn:aws:iam::111122223333:role/Admin"
	roles := []AssumedRole{
		{ARN: arn},
		{ARN: arn, Duration: 900},
		{ARN: arn, SessionName: "me"},
		{ARN: "arn:aws:iam::111122223333:role/path/Ünal+x=,.@-", ExternalID: "x é\"\\/\t\x7f😀", MFASerial: "arn:aws:iam::1:mfa/m", Duration: 43200, SessionName: "ci@example.com"},
		{ARN: arn, SourceIdentity: "alice", Tags: []SessionTag{{"Team", "core"}, {"Ä", ""}}, TransitiveTags: []string{"Team", "Ä"}},
		{ARN: arn, PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AWSDenyAll"}},
		{ARN: arn, Policy: `{"Version":"2012-10-17","Statement":[{"Resource":"*","Effect":"Allow","Action":["s3:*","é"],"Condition":{"NumericLessThan":{"a":10,"b":-1.5},"Bool":{"x":true,"y":null,"z":false}}}]}`},
		{ARN: arn, Policy: "{}"},
		{ARN: arn, Policy: `{"Statement": [], "Version": "2012-10-17", "\u00e9": "\ud83d\ude00 \u0001"}`},
	}
	var args []map[string]any
	for _, r := range roles {
		a := map[string]any{"RoleArn": r.ARN}
		for key, value := range map[string]string{"RoleSessionName": r.SessionName, "ExternalId": r.ExternalID, "SerialNumber": r.MFASerial, "SourceIdentity": r.SourceIdentity, "Policy": r.Policy} {
			if value != "" {
				a[key] = value
			}
		}
		if r.Duration > 0 {
			a["DurationSeconds"] = r.Duration
		}
		if r.Tags != nil {
			a["Tags"], a["TransitiveTagKeys"] = r.Tags, r.TransitiveTags
		}
		if r.PolicyARNs != nil {
			var arns []map[string]string
			for _, p := range r.PolicyARNs {
				arns = append(arns, map[string]string{"arn": p})
			}
			a["PolicyArns"] = arns
		}
		args = append(args, a)
	}
	in, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", botocoreNames)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(in)), t.Output()
	cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, r := range roles {
		if got := r.Name(); got != want[i] || seen[got] {
			t.Errorf("%+v: got %s, want %s", r, got, want[i])
		}
		seen[want[i]] = true
	}
}
