//go:build unix && !linux

package atomicfile

func processNamespace() string { return "" }
