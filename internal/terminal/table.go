package terminal

import "bytes"

// Table lines up cells in columns, two blanks apart. The cells are cleaned.
func Table(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for j, cell := range row {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], cellsOf(cell))
		}
	}
	lines := make([]string, len(rows))
	var line []byte
	for i, row := range rows {
		line = line[:0]
		for j, cell := range row {
			line = append(line, Clean(cell)...)
			for range widths[j] - cellsOf(cell) + 2 {
				line = append(line, ' ')
			}
		}
		lines[i] = string(bytes.TrimRight(line, " "))
	}
	return lines
}

// cellsOf is how many columns a text takes that is yet to be cleaned. Most texts
// are measured by counting.
func cellsOf(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return columns(Clean(s))
}
