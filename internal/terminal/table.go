package terminal

import "strings"

// Table lines up cells in columns, two blanks apart. The cells are cleaned.
func Table(rows [][]string) []string {
	var widths []int
	clean := make([][]string, len(rows))
	for i, row := range rows {
		clean[i] = make([]string, len(row))
		for j, cell := range row {
			cell = Clean(cell)
			clean[i][j] = cell
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], cellsOf(cell))
		}
	}
	lines := make([]string, len(rows))
	var b strings.Builder
	for i, row := range clean {
		b.Reset()
		for j, cell := range row {
			b.WriteString(cell)
			if j < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[j]-cellsOf(cell)+2))
			}
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// cellsOf is columns, which most text does not need.
func cellsOf(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return columns(s)
}
