package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/awsconfig"
)

// A recent is a profile or a role that was used, and how much: each use counts
// one, and half as much after a week.
type recent struct {
	Profile   string    `json:"profile,omitempty"` // or the three below
	Session   string    `json:"session,omitempty"`
	AccountID string    `json:"accountId,omitempty"`
	RoleName  string    `json:"roleName,omitempty"`
	Uses      float64   `json:"uses"` // as of Last
	Last      time.Time `json:"last"`
}

const (
	usesHalve   = 7 * 24 * time.Hour
	mostRecents = 200
	recentsWait = 100 * time.Millisecond // longer than that nobody waits for a statistic
	oneUse      = time.Minute            // what is used again sooner counts once, as in a loop of a script
)

// weight is what the uses count for now.
func (r recent) weight(now time.Time) float64 {
	return r.Uses * math.Exp2(-max(0, now.Sub(r.Last)).Hours()/usesHalve.Hours())
}

// same tells whether both are about one thing. A use may not have said through
// which session it was.
func (r recent) same(as recent) bool {
	return r.Profile == as.Profile && r.AccountID == as.AccountID && r.RoleName == as.RoleName &&
		(r.Session == as.Session || r.Session == "" || as.Session == "")
}

func (a *App) recentsFile() string { return filepath.Join(a.stateDir(), "recents.json") }

// recents are what was used lately, in no order. A file that cannot be read is as
// good as none: it only sorts lists.
func (a *App) recents() []recent {
	data, err := atomicfile.Read(a.recentsFile())
	if err != nil {
		return nil
	}
	var list []recent
	if json.Unmarshal(data, &list) != nil {
		return nil
	}
	return list
}

// used remembers that the profile or role of the flags, or else of the
// environment, was used, so that it is offered first next time. It costs little
// and never fails: what cannot be remembered is not.
func (a *App) used(g *globals) {
	r := recent{Profile: g.Profile, Session: g.SSOSession, AccountID: g.AccountID, RoleName: g.RoleName}
	if r.AccountID != "" {
		r.Profile = ""
	} else if r.Profile == "" {
		if a.getenv("AWS_ACCESS_KEY_ID") != "" {
			return // whose they are nobody knows
		}
		r.Profile = cmp.Or(a.namedProfile(), "default")
	}
	a.remember(r, time.Now())
}

// namedProfile is the profile that the environment names, or "".
func (a *App) namedProfile() string {
	for _, name := range awsconfig.ProfileVariables {
		if profile := a.getenv(name); profile != "" {
			return profile
		}
	}
	return ""
}

func (a *App) remember(r recent, now time.Time) {
	known := a.recents()
	if i := slices.IndexFunc(known, r.same); i >= 0 && now.Sub(known[i].Last).Abs() < oneUse {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), recentsWait)
	defer cancel()
	unlock, err := atomicfile.Lock(ctx, filepath.Join(a.lockDir(), "recents.lock"))
	if err != nil {
		return
	}
	defer unlock()
	list := a.recents()
	i := slices.IndexFunc(list, r.same)
	if i < 0 {
		list = append(list, r)
		i = len(list) - 1
	}
	r.Uses, r.Last = list[i].weight(now)+1, now.UTC().Truncate(time.Second)
	list[i] = r
	slices.SortStableFunc(list, func(a, b recent) int { return cmp.Compare(b.weight(now), a.weight(now)) })
	data, err := json.MarshalIndent(list[:min(len(list), mostRecents)], "", " ")
	if err != nil {
		return
	}
	_ = atomicfile.Write(a.recentsFile(), append(data, '\n'), 0o600)
}
