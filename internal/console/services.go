package console

import (
	"cmp"
	"slices"
	"strings"
)

// A service is a part of the console. The first of its names is what people see
// in a list; the others are what they type.
type service struct {
	names  string
	path   string // of its first page
	global bool   // it has one console for all regions
}

// services are those that have a name here. A literal, so that no start of the
// program pays for it.
var services = [...]service{
	{names: "home console", path: "console/home"},
	{names: "accessanalyzer access-analyzer", path: "access-analyzer/home"},
	{names: "account myaccount", path: "billing/home#/account", global: true},
	{names: "acm certificates certificate-manager", path: "acm/home"},
	{names: "acm-pca private-ca pca", path: "acm-pca/home"},
	{names: "amplify", path: "amplify/home"},
	{names: "apigateway apigw api-gateway", path: "apigateway/main/apis"},
	{names: "appconfig", path: "systems-manager/appconfig/home"},
	{names: "appflow", path: "appflow/home"},
	{names: "apprunner app-runner", path: "apprunner/home"},
	{names: "appstream", path: "appstream2/home"},
	{names: "appsync", path: "appsync/home"},
	{names: "artifact", path: "artifact/home", global: true},
	{names: "athena", path: "athena/home"},
	{names: "autoscaling asg auto-scaling", path: "ec2/home#AutoScalingGroups:"},
	{names: "backup", path: "backup/home"},
	{names: "batch", path: "batch/home"},
	{names: "bedrock", path: "bedrock/home"},
	{names: "billing bill", path: "billing/home", global: true},
	{names: "budgets", path: "billing/home#/budgets", global: true},
	{names: "cloud9 c9", path: "cloud9control/home"},
	{names: "cloudformation cfn cf stacks", path: "cloudformation/home"},
	{names: "cloudfront cdn", path: "cloudfront/v4/home", global: true},
	{names: "cloudhsm", path: "cloudhsm/home"},
	{names: "cloudmap service-discovery", path: "cloudmap/home"},
	{names: "cloudshell shell", path: "cloudshell/home"},
	{names: "cloudtrail ct trail", path: "cloudtrailv2/home"},
	{names: "cloudwatch cw metrics", path: "cloudwatch/home"},
	{names: "alarms", path: "cloudwatch/home#alarmsV2:"},
	{names: "dashboards", path: "cloudwatch/home#dashboards:"},
	{names: "logs log-groups cwlogs cwl", path: "cloudwatch/home#logsV2:log-groups"},
	{names: "insights logs-insights", path: "cloudwatch/home#logsV2:logs-insights"},
	{names: "codeartifact", path: "codesuite/codeartifact/start"},
	{names: "codebuild cb", path: "codesuite/codebuild/projects"},
	{names: "codecommit", path: "codesuite/codecommit/repositories"},
	{names: "codedeploy", path: "codesuite/codedeploy/applications"},
	{names: "codepipeline pipeline pipelines cp", path: "codesuite/codepipeline/pipelines"},
	{names: "cognito userpools", path: "cognito/v2/home"},
	{names: "compute-optimizer", path: "compute-optimizer/home"},
	{names: "config", path: "config/home"},
	{names: "connect", path: "connect/home"},
	{names: "controltower control-tower", path: "controltower/home"},
	{names: "costexplorer ce cost cost-explorer", path: "costmanagement/home#/cost-explorer", global: true},
	{names: "databrew", path: "databrew/home"},
	{names: "datasync", path: "datasync/home"},
	{names: "datazone", path: "datazone/home"},
	{names: "detective", path: "detective/home"},
	{names: "directconnect dx", path: "directconnect/v2/home"},
	{names: "directoryservice ds", path: "directoryservicev2/home"},
	{names: "dms", path: "dms/v2/home"},
	{names: "docdb documentdb", path: "docdb/home"},
	{names: "dynamodb ddb tables", path: "dynamodbv2/home"},
	{names: "ec2 instances", path: "ec2/home"},
	{names: "ebs volumes", path: "ec2/home#Volumes:"},
	{names: "ami amis images", path: "ec2/home#Images:visibility=owned-by-me"},
	{names: "snapshots", path: "ec2/home#Snapshots:"},
	{names: "securitygroups sg security-groups", path: "ec2/home#SecurityGroups:"},
	{names: "keypairs key-pairs", path: "ec2/home#KeyPairs:"},
	{names: "elb loadbalancers lb alb nlb", path: "ec2/home#LoadBalancers:"},
	{names: "targetgroups target-groups tg", path: "ec2/home#TargetGroups:"},
	{names: "ecr registry", path: "ecr/private-registry/repositories"},
	{names: "ecs", path: "ecs/v2/clusters"},
	{names: "efs", path: "efs/home"},
	{names: "eks", path: "eks/home"},
	{names: "elasticache cache redis valkey", path: "elasticache/home"},
	{names: "elasticbeanstalk eb beanstalk", path: "elasticbeanstalk/home"},
	{names: "emr", path: "emr/home"},
	{names: "eventbridge events ev", path: "events/home"},
	{names: "scheduler", path: "scheduler/home"},
	{names: "fis", path: "fis/home"},
	{names: "firehose", path: "firehose/home"},
	{names: "fsx", path: "fsx/home"},
	{names: "gamelift", path: "gamelift/home"},
	{names: "globalaccelerator ga", path: "globalaccelerator/home", global: true},
	{names: "glue", path: "glue/home"},
	{names: "grafana amg", path: "grafana/home"},
	{names: "guardduty gd", path: "guardduty/home"},
	{names: "health phd", path: "health/home", global: true},
	{names: "iam roles", path: "iam/home", global: true},
	{names: "identitycenter sso singlesignon identity-center", path: "singlesignon/home"},
	{names: "imagebuilder", path: "imagebuilder/home"},
	{names: "inspector", path: "inspector/v2/home"},
	{names: "iot", path: "iot/home"},
	{names: "kendra", path: "kendra/home"},
	{names: "keyspaces", path: "keyspaces/home"},
	{names: "kinesis", path: "kinesis/home"},
	{names: "kms keys", path: "kms/home"},
	{names: "lakeformation lf", path: "lakeformation/home"},
	{names: "lambda l functions", path: "lambda/home"},
	{names: "lightsail", path: "ls/webapp/home", global: true},
	{names: "macie", path: "macie/home"},
	{names: "memorydb", path: "memorydb/home"},
	{names: "mq amazonmq", path: "amazon-mq/home"},
	{names: "msk kafka", path: "msk/home"},
	{names: "mwaa airflow", path: "mwaa/home"},
	{names: "neptune", path: "neptune/home"},
	{names: "networkfirewall firewall", path: "vpcconsole/home#NetworkFirewalls:"},
	{names: "networkmanager", path: "networkmanager/home", global: true},
	{names: "opensearch aos es elasticsearch", path: "aos/home"},
	{names: "organizations org orgs", path: "organizations/v2/home", global: true},
	{names: "polly", path: "polly/home"},
	{names: "prometheus amp", path: "prometheus/home"},
	{names: "q amazonq", path: "amazonq/home"},
	{names: "quicksight", path: "quicksight/home"},
	{names: "ram", path: "ram/home"},
	{names: "rds databases aurora", path: "rds/home"},
	{names: "redshift", path: "redshiftv2/home"},
	{names: "rekognition", path: "rekognition/home"},
	{names: "resiliencehub", path: "resiliencehub/home"},
	{names: "resourcegroups tags tag-editor", path: "resource-groups/home"},
	{names: "resourceexplorer search", path: "resource-explorer/home"},
	{names: "route53 r53 dns", path: "route53/v2/home", global: true},
	{names: "s3 buckets", path: "s3/home"},
	{names: "glacier", path: "glacier/home"},
	{names: "sagemaker sm-ai", path: "sagemaker/home"},
	{names: "secretsmanager secrets sm", path: "secretsmanager/home"},
	{names: "securityhub scrh sechub", path: "securityhub/home"},
	{names: "securitylake", path: "securitylake/home"},
	{names: "servicecatalog sc", path: "servicecatalog/home"},
	{names: "servicequotas quotas limits", path: "servicequotas/home"},
	{names: "ses", path: "ses/home"},
	{names: "shield", path: "wafv2/shieldv2", global: true},
	{names: "sns topics", path: "sns/v3/home"},
	{names: "sqs queues", path: "sqs/v3/home"},
	{names: "ssm systems-manager", path: "systems-manager/home"},
	{names: "parameters param parameterstore ssm-parameters", path: "systems-manager/parameters"},
	{names: "sessionmanager session-manager", path: "systems-manager/session-manager"},
	{names: "stepfunctions sfn states stepfn", path: "states/home"},
	{names: "storagegateway", path: "storagegateway/home"},
	{names: "support", path: "support/home", global: true},
	{names: "synthetics canaries", path: "cloudwatch/home#synthetics:canary/list"},
	{names: "textract", path: "textract/home"},
	{names: "timestream", path: "timestream/home"},
	{names: "transcribe", path: "transcribe/home"},
	{names: "transfer sftp", path: "transfer/home"},
	{names: "trustedadvisor ta trusted-advisor", path: "trustedadvisor/home", global: true},
	{names: "vpc", path: "vpcconsole/home"},
	{names: "subnets", path: "vpcconsole/home#subnets:"},
	{names: "transitgateway tgw", path: "vpcconsole/home#TransitGateways:"},
	{names: "endpoints vpce", path: "vpcconsole/home#Endpoints:"},
	{names: "waf wafv2", path: "wafv2/homev2"},
	{names: "wellarchitected wa", path: "wellarchitected/home"},
	{names: "workspaces", path: "workspaces/home"},
	{names: "xray x-ray traces", path: "cloudwatch/home#xray:traces/query"},
}

func findService(name string) (service, bool) {
	for _, s := range services {
		if slices.Contains(strings.Fields(s.names), strings.ToLower(name)) {
			return s, true
		}
	}
	return service{}, false
}

// Services are the names that services have here, each with the others it has.
func Services() [][]string {
	all := make([][]string, 0, len(services))
	for _, s := range services {
		all = append(all, strings.Fields(s.names))
	}
	slices.SortFunc(all, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	return all
}
