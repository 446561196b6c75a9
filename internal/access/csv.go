package access

import (
	"encoding/csv"
	"io"
	"strings"
)

// WriteCSV writes grants as a table (RFC 4180), with a line of names first.
//
// Most cells are names that people chose: of accounts, of themselves, of groups. A
// spreadsheet computes what begins with =, +, - or @, whoever wrote it, and can be
// made to send the sheet somewhere by that. Such a cell begins with an apostrophe
// here, as does one that begins with a control character or an apostrophe, so that
// taking one off gives back every name as it was.
func WriteCSV(w io.Writer, grants []Grant) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"account_id", "account_name", "permission_set", "via", "group_id", "group_name", "user_id", "user_name", "display_name", "email", "status"}}
	for _, g := range grants {
		rows = append(rows, []string{g.AccountID, g.AccountName, g.PermissionSet, g.Via(), g.Group.ID, g.Group.Name,
			g.Person.ID, g.Person.Name, g.Person.DisplayName, g.Person.Email, g.Status})
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = inert(cell)
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func inert(cell string) string {
	if cell != "" && (strings.ContainsRune("=+-@'＝＋－＠", []rune(cell)[0]) || cell[0] < ' ') {
		return "'" + cell
	}
	return cell
}
