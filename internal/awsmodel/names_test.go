package awsmodel

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"ListAccountAssignments":       "list-account-assignments",
		"InstanceArn":                  "instance-arn",
		"accountId":                    "account-id",
		"AssumeRoleWithSAML":           "assume-role-with-saml",
		"SAMLAssertion":                "saml-assertion",
		"GetAWSDefaultRegion":          "get-aws-default-region",
		"EnableAWSServiceAccess":       "enable-aws-service-access",
		"GatewayARNs":                  "gateway-arns",
		"ListWebACLs":                  "list-web-acls",
		"DescribeS3Buckets":            "describe-s3-buckets",
		"EC2Tag":                       "ec2-tag",
		"Id":                           "id",
		"A":                            "a",
		"":                             "",
		"already-dashed":               "already-dashed",
		"DisableAWSServiceAccessIDs":   "disable-aws-service-access-ids",
		"redirectUri":                  "redirect-uri",
		"IamUserAccessToBilling":       "iam-user-access-to-billing",
		"ListHandshakesForAccountXABc": "list-handshakes-for-account-xa-bc",
	} {
		if got := CommandName(name); got != want {
			t.Errorf("CommandName(%s) = %s, want %s", name, got, want)
		}
		if got := FlagName(name); got != want {
			t.Errorf("FlagName(%s) = %s, want %s", name, got, want)
		}
	}
}

// Botocore names every command of the AWS CLI: all operations and members of the
// services that portico has, and made-up names besides.
func TestNamesAgainstBotocore(t *testing.T) {
	const script = `
import itertools, json, botocore.session
from botocore import xform_name
names = set()
session = botocore.session.Session()
for service in ["sso", "sso-oidc", "sso-admin", "identitystore", "organizations", "sts", "ec2", "iam"]:
    model = session.get_service_model(service)
    names.update(model.operation_names)
    for shape in model.shape_names:
        names.update(getattr(model.shape_for(shape), "members", {}))
for parts in itertools.product(["A", "b", "Cd", "EF", "3", "s"], repeat=4):
    names.add("".join(parts))
print(json.dumps({n: xform_name(n, "-") for n in names}))`
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-B", "-c", script)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "debian-boto3") {
			t.Fatalf("debian-boto3 is required: %v", err)
		}
		t.Skipf("debian-boto3: %v", err)
	}
	var names map[string]string
	if err := json.Unmarshal(out, &names); err != nil {
		t.Fatal(err)
	}
	if len(names) < 2000 {
		t.Errorf("only %d names", len(names))
	}
	for name, want := range names {
		if got := CommandName(name); got != want {
			t.Errorf("CommandName(%s) = %s, want %s", name, got, want)
		}
	}
}
