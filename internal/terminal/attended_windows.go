package terminal

import "os"

// foreground: Windows has no job control.
func foreground(*os.File) bool { return true }
