package console

import (
	"net/url"
	"strings"
)

// An arn taken apart.
type arn struct {
	text, partition, service, region, account string
	kind, name                                string // what stands before the first / or :, and the rest
	resource                                  string // both
}

func parseARN(text string) (arn, bool) {
	part := strings.SplitN(text, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] == "" || part[5] == "" ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return arn{}, false
	}
	a := arn{text: text, partition: part[1], service: part[2], region: part[3], account: part[4], resource: part[5]}
	a.kind, a.name = a.resource, ""
	if i := strings.IndexAny(a.resource, "/:"); i >= 0 {
		a.kind, a.name = a.resource[:i], a.resource[i+1:]
	}
	return a, true
}

// AccountOf is the account that an ARN names, "" where it names none or is none.
func AccountOf(what string) string {
	a, _ := parseARN(what)
	return a.account
}

// resource is the page of what an ARN names. For what is not known here AWS has a
// page that knows more.
func (p Place) resource(text string) (string, error) {
	a, ok := parseARN(text)
	switch {
	case !ok:
		return "", &UnknownError{What: text, Why: "is no ARN"}
	case a.partition != p.Partition:
		return "", &UnknownError{What: text, Why: "is of the partition " + a.partition + ", and the credentials are of " + p.Partition}
	}
	if a.region != "" {
		there, ok := At(a.region)
		if !ok || there.Partition != p.Partition {
			return "", &UnknownError{What: text, Why: "names a region of another partition"}
		}
		p = there
	}
	if path, global := a.path(); path != "" {
		return p.page(path, global), nil
	}
	return p.page("go/view?arn="+url.QueryEscape(a.text), false), nil
}

// path is where the console shows the resource; "" where that is not known.
func (a arn) path() (path string, global bool) {
	name := url.PathEscape(a.name)
	last := url.PathEscape(a.name[strings.LastIndexByte(a.name, '/')+1:]) // roles and users have paths
	switch a.service + " " + a.kind {
	case "ec2 instance":
		return "ec2/home#InstanceDetails:instanceId=" + name, false
	case "ec2 volume":
		return "ec2/home#VolumeDetails:volumeId=" + name, false
	case "ec2 security-group":
		return "ec2/home#SecurityGroup:groupId=" + name, false
	case "ec2 vpc":
		return "vpcconsole/home#VpcDetails:VpcId=" + name, false
	case "ec2 subnet":
		return "vpcconsole/home#SubnetDetails:subnetId=" + name, false
	case "lambda function":
		function, _, _ := strings.Cut(a.name, ":") // without a version
		return "lambda/home#/functions/" + url.PathEscape(function), false
	case "iam role":
		return "iam/home#/roles/details/" + last, true
	case "iam user":
		return "iam/home#/users/details/" + last, true
	case "iam policy":
		return "iam/home#/policies/details/" + url.QueryEscape(a.text), true
	case "logs log-group":
		group, _, _ := strings.Cut(a.name, ":")
		// The console escapes twice, and writes $ for the % of the outer one.
		return "cloudwatch/home#logsV2:log-groups/log-group/" + strings.ReplaceAll(url.QueryEscape(url.QueryEscape(group)), "%", "$"), false
	case "cloudformation stack":
		return "cloudformation/home#/stacks/stackinfo?stackId=" + url.QueryEscape(a.text), false
	case "dynamodb table":
		table, _, _ := strings.Cut(a.name, "/")
		return "dynamodbv2/home#table?name=" + url.QueryEscape(table), false
	case "rds db":
		return "rds/home#database:id=" + name + ";is-cluster=false", false
	case "rds cluster":
		return "rds/home#database:id=" + name + ";is-cluster=true", false
	case "secretsmanager secret":
		secret := a.name
		if i := len(secret) - len("-abcdef"); i > 0 && secret[i] == '-' {
			secret = secret[:i] // the rest is not part of its name
		}
		return "secretsmanager/secret?name=" + url.QueryEscape(secret), false
	case "ecs cluster":
		return "ecs/v2/clusters/" + name, false
	case "ecs service":
		cluster, service, ok := strings.Cut(a.name, "/")
		if ok {
			return "ecs/v2/clusters/" + url.PathEscape(cluster) + "/services/" + url.PathEscape(service), false
		}
	case "eks cluster":
		return "eks/clusters/" + name, false
	case "states stateMachine":
		return "states/home#/v2/statemachines/view/" + url.QueryEscape(a.text), false
	case "kms key":
		return "kms/home#/kms/keys/" + name, false
	case "ssm parameter":
		return "systems-manager/parameters/" + url.PathEscape("/"+a.name) + "/description", false
	case "ecr repository":
		return "ecr/repositories/private/" + a.account + "/" + a.name, false
	}
	switch a.service {
	case "s3":
		if bucket, key, ok := strings.Cut(a.resource, "/"); ok && a.region == "" {
			return "s3/object/" + url.PathEscape(bucket) + "?prefix=" + url.QueryEscape(key), false
		}
		if a.region == "" { // else it is an access point, or the like
			return "s3/buckets/" + url.PathEscape(a.resource), false
		}
	case "sns":
		if a.name == "" {
			return "sns/v3/home#/topic/" + a.text, false
		}
	case "sqs":
		if a.partition != "aws" {
			break // its queues have other addresses
		}
		return "sqs/v3/home#/queues/" + url.QueryEscape("https://sqs."+a.region+".amazonaws.com/"+a.account+"/"+a.resource), false
	}
	return "", false
}
