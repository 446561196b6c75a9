// Package awsargs reads the arguments of AWS operations as the AWS CLI does: flags
// from the operation's model, lists, structures as JSON or in the shorthand
// syntax, files, whole inputs and skeletons of them. Mistakes are told in the AWS
// CLI's words, which are argparse's and botocore's.
//
// It knows what a command line means and nothing of services: the model says
// what there is, and whoever calls sends what was read.
package awsargs
