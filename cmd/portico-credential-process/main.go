// Command portico-credential-process prints a profile's cached credentials, as
// fast as a program can start. For anything else it becomes
// portico credential-process with the same arguments.
//
// It prints only where portico would print the very same, so it answers for plain
// profiles of IAM Identity Center whose credentials last a while, and leaves every
// doubt to portico. What it links is counted, see the test of its budget.
package main

import "os"

func main() {
	// Where not a byte got out, portico is to say what is wrong with stdout.
	if out, ok := cached(os.Args[1:]); ok {
		if n, err := os.Stdout.Write(out); err == nil {
			return
		} else if n > 0 {
			fail(err)
		}
	}
	fail(becomePortico())
}

// failed is the AWS CLI's exit code for what is neither usage nor configuration
// nor a service's answer.
const failed = 255

func fail(err error) {
	os.Stderr.WriteString("portico-credential-process: [ERROR]: " + err.Error() + "\n")
	os.Exit(failed)
}
