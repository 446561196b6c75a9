package atomicfile

import "os"

// processNamespace tells containers on one host apart.
func processNamespace() string {
	ns, _ := os.Readlink("/proc/self/ns/pid")
	return ns
}
