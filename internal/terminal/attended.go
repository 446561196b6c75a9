package terminal

// Attended reports whether somebody may type in passing, without being asked:
// In is a terminal, what is said can be seen there, and this process is in its
// foreground. A background job that reads from its terminal is stopped.
func (t *Terminal) Attended() bool {
	in := asTerminal(t.In)
	return in != nil && !t.dumb() && asTerminal(t.Err) != nil && foreground(in)
}
