package portal

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// messagesShown is how many of a person's messages the page shows, the latest.
const messagesShown = 20

type mailView struct {
	// Here is what the sign-in under way in this browser was sent.
	Here []messageView
	Own  []messageView // of who is signed in
	// Back is where the code is entered; "" when none is waited for.
	Back     string
	SignedIn bool
}

type messageView struct {
	ID, To, Subject     string
	Before, Code, After string // the text, and the code in it
	Sent                moment
	Over                bool // its code is too old
}

// mailPage shows what would have been sent by e-mail to who sits at this browser:
// to the person whose password was right here, and to who is signed in. It shows
// nobody anybody else's.
func (v *visit) mailPage() error {
	ctx, query := v.r.Context(), v.r.URL.Query()
	ok, err := v.session()
	if err != nil {
		return err
	}
	view := mailView{SignedIn: ok}
	shown := map[string]bool{}
	if challenge, _ := v.challengeOf(); challenge != "" {
		messages, err := v.Directory.ChallengeMail(ctx, v.now, challenge)
		switch {
		case errors.Is(err, directory.ErrChallengeOver):
		case err != nil:
			return err
		default:
			view.Here = v.messages(messages, shown)
			view.Back = codeAddress(nextPath(query.Get("next")), query.Get("workflow"))
		}
	}
	if ok {
		messages, err := v.Directory.Mail(ctx, v.now, v.sess.UserID)
		if err != nil {
			return err
		}
		view.Own = v.messages(messages, shown)
	}
	return v.render(http.StatusOK, page{Name: "mail", Title: "Mail", Wide: true, Body: view})
}

// messages are shown newest first, and each once.
func (v *visit) messages(messages []directory.Message, shown map[string]bool) []messageView {
	var out []messageView
	for _, m := range slices.Backward(messages) {
		if shown[m.ID] || len(out) == messagesShown {
			continue
		}
		shown[m.ID] = true
		view := messageView{
			ID: m.ID, To: plain(m.To, maxShownURL), Subject: plain(m.Subject, maxShownURL), Before: reflowed(m.Text),
			Sent: v.ago(m.SentAt), Over: !v.now.Before(m.ExpiresAt),
		}
		// It stands on a line of its own; an address before it may hold its digits.
		if before, after, found := strings.Cut(view.Before, " "+m.Code+"\n"); found {
			view.Before, view.Code, view.After = before+" ", m.Code, "\n"+after
		}
		out = append(out, view)
	}
	return out
}

// reflowed undoes the line breaks within paragraphs, which are an e-mail's. What
// is indented stands by itself.
func reflowed(text string) string {
	var b strings.Builder
	within := false // a paragraph
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		alone := line == "" || strings.HasPrefix(line, " ")
		switch {
		case within && !alone:
			b.WriteByte(' ')
		case b.Len() > 0 || alone:
			b.WriteByte('\n')
		}
		b.WriteString(line)
		within = !alone
	}
	return b.String() + "\n"
}
