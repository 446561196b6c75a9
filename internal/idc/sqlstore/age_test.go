package sqlstore

import (
	"slices"
	"strings"
	"testing"
)

// A time that were not in the list would not age.
func TestGrantTimesAreAll(t *testing.T) {
	db, err := Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for table, columns := range grantTimes {
		var got []string
		err := db.query(t.Context(), `SELECT name FROM pragma_table_info($1) WHERE type = 'INTEGER'`, []any{table}, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			if strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "_poll") {
				got = append(got, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(slices.Values(columns))
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has the times %q, Age moves %q", table, got, want)
		}
	}
}
