// Package terminal holds conversations with people: questions, menus,
// confirmations and signs of progress.
//
// It has three ways to ask. On a terminal a question is edited in place and a
// menu is a list to move in and to filter by typing. Without one, answers are
// read a line at a time, so that a script can give them, and a menu is a
// numbered list. That list is also what people get who set
// PORTICO_ACCESSIBLE=1, because a screen reader can follow it, and terminals
// that cannot move the cursor (TERM=dumb).
//
// Whatever happens, the terminal is put back as it was, and the cursor is at
// the start of a line when a question returns. Bytes are taken from the input
// one at a time, never more than the answer: what was typed ahead is still
// there for the next question, or for a program started afterwards.
//
// What to ask and how to print data belong to packages cli and output. This is
// the only package that knows the terminal libraries.
package terminal
