//go:build !race

package renewal

const processes, wanted = 4, 1_000_000
