package cli

import "context"

// become runs the command and returns its code; there is no exec here.
func become(a *App, path string, argv, env []string) error {
	return a.runChild(context.Background(), path, argv, env)
}
