// Package output prints what a command answers the way the AWS CLI prints it:
// the same bytes for every --output, and --query in between.
//
// Values keep the order of their members from the document through the query
// to the last byte, as the AWS CLI's do. That, integers that stay integers and
// strings that can be compared are why the package reads JMESPath
// (https://jmespath.org/specification.html) itself: go-jmespath works on Go
// maps and float64, and answers * and keys() in a different order each time.
// It remains the tests' second opinion.
//
// What to print, exit codes and the destination belong to package cli.
package output
