package policy

import "strings"

// Managed returns the document of a managed policy of AWS, as
// arn:aws:iam::aws:policy/ReadOnlyAccess: of some of them, what they come to in
// what is served here.
func Managed(arn string) (document string, ok bool) {
	prefix, name, _ := strings.Cut(arn, ":iam::aws:policy/")
	if partition, isARN := strings.CutPrefix(prefix, "arn:aws"); !isARN || strings.Trim(partition, "-abcdefghijklmnopqrstuvwxyz") != "" {
		return "", false
	}
	switch name {
	case "AdministratorAccess":
		return allow("*"), true
	case "PowerUserAccess":
		return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}}`, true
	case "ReadOnlyAccess":
		return allow("s3:Get*", "s3:List*", "sts:GetAccessKeyInfo", "sso:Describe*", "sso:Get*", "sso:List*", "organizations:Describe*", "organizations:List*",
			"identitystore:Describe*", "identitystore:Get*", "identitystore:IsMemberInGroups", "identitystore:List*"), true
	case "job-function/ViewOnlyAccess":
		return allow("s3:ListAllMyBuckets", "s3:ListBucket", "organizations:List*"), true
	case "AmazonS3FullAccess":
		return allow("s3:*"), true
	case "AmazonS3ReadOnlyAccess":
		return allow("s3:Get*", "s3:List*", "s3:Describe*"), true
	case "AWSDenyAll":
		return `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}`, true
	}
	return "", false
}

func allow(actions ...string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["` + strings.Join(actions, `", "`) + `"], "Resource": "*"}}`
}
