package terminal

// Attended reports whether somebody may type in passing, without being asked:
// In is a terminal, what is said can be seen there, and this process is in its
// foreground. A background job that reads from its terminal is stopped.
func (t *Terminal) Attended() bool { return t.CanAsk() && !t.dumb() }

// CanAsk reports whether somebody is there to answer a question that was not
// expected: as Attended, but a terminal that only prints will do.
func (t *Terminal) CanAsk() bool {
	in := asTerminal(t.In)
	return in != nil && asTerminal(t.Err) != nil && foreground(in)
}
