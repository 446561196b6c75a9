package renewal

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"
)

// A key is a world in few bits. Processes are alike, so their order is left out:
// in what is said of a run, each step may number them anew.
type key [6]uint64

type packer struct {
	bits uint64
	n    uint
}

func (p *packer) put(v uint8, width uint) {
	if uint64(v) >= 1<<width {
		panic("a world too large for its key")
	}
	p.bits |= uint64(v) << p.n
	p.n += width
}

func (p *packer) flag(b bool) {
	if b {
		p.bits |= 1 << p.n
	}
	p.n++
}

func (p *packer) get(width uint) uint8 {
	v := uint8(p.bits >> p.n & (1<<width - 1))
	p.n += width
	return v
}

func (p *packer) is() bool { return p.get(1) == 1 }

func (w *world) pack() (k key) {
	for i := range w.procs {
		p, b := &w.procs[i], packer{}
		s := &p.state
		b.put(uint8(s.Do), 5)
		b.put(uint8(s.Reason), 4)
		b.put(uint8(s.Held), 4)
		b.put(uint8(s.Issued), 4)
		b.put(uint8(s.Serves), 4)
		b.put(uint8(s.note), 4)
		b.put(s.sent, 2)
		b.put(p.life, 2)
		b.put(p.mail, 2)
		b.put(uint8(p.answer), 4)
		b.put(uint8(p.got), 4)
		b.flag(s.locked)
		b.flag(s.guarded)
		b.flag(s.told)
		b.flag(s.doubt)
		b.flag(s.reports)
		b.flag(s.again)
		b.flag(p.mark)
		k[i] = b.bits
	}
	slices.Sort(k[:4])
	var a, b packer
	for _, v := range [...]Version{w.disk, w.issued, w.tip, w.prev, w.late, w.note, w.notes, w.spent, w.foreignHas} {
		a.put(uint8(v), 4)
	}
	for _, n := range [...]uint8{w.foreign, w.out} {
		a.put(n, 3)
	}
	for _, n := range [...]uint8{w.deaths, w.losses, w.ticks, w.stalls} {
		a.put(n, 2)
	}
	a.put(w.sent, 4)
	for _, l := range w.life {
		b.put(l, 2)
	}
	for _, f := range [...]bool{w.torn, w.graceOver, w.outLocked} {
		b.flag(f)
	}
	k[4], k[5] = a.bits, b.bits
	return k
}

func (k key) unpack(kind Kind) (w world) {
	for i := range w.procs {
		p, b := &w.procs[i], packer{bits: k[i]}
		s := &p.state
		s.Kind = kind
		s.Do, s.Reason, s.Held, s.Issued, s.Serves, s.note, s.sent = Do(b.get(5)), Reason(b.get(4)), Version(b.get(4)), Version(b.get(4)), Version(b.get(4)), Version(b.get(4)), b.get(2)
		p.life, p.mail, p.answer, p.got = b.get(2), b.get(2), What(b.get(4)), Version(b.get(4))
		s.locked, s.guarded, s.told, s.doubt, s.reports, s.again, p.mark = b.is(), b.is(), b.is(), b.is(), b.is(), b.is(), b.is()
		if p.life == idle {
			s.Kind = 0
		}
	}
	a, b := packer{bits: k[4]}, packer{bits: k[5]}
	for _, v := range [...]*Version{&w.disk, &w.issued, &w.tip, &w.prev, &w.late, &w.note, &w.notes, &w.spent, &w.foreignHas} {
		*v = Version(a.get(4))
	}
	w.foreign, w.out, w.deaths, w.losses, w.ticks, w.stalls, w.sent = a.get(3), a.get(3), a.get(2), a.get(2), a.get(2), a.get(2), a.get(4)
	for i := range w.life {
		w.life[i] = b.get(2)
	}
	w.torn, w.graceOver, w.outLocked = b.is(), b.is(), b.is()
	return w
}

// visited is the worlds that were reached, in the order in which they were, each
// with the one it was reached from. A table of its own is several times as fast as
// a map here, and small.
type visited struct {
	keys  []key
	from  []int32
	table []int32 // indices into keys, plus one
}

// add reports whether k is new.
func (v *visited) add(k key, from int32) bool {
	if 2*len(v.keys) >= len(v.table) {
		v.table = make([]int32, max(1<<12, 4*len(v.table)))
		for i, k := range v.keys {
			*v.slot(k) = int32(i + 1)
		}
	}
	slot := v.slot(k)
	if *slot != 0 {
		return false
	}
	v.keys, v.from = append(v.keys, k), append(v.from, from)
	*slot = int32(len(v.keys))
	return true
}

func (v *visited) slot(k key) *int32 {
	h := uint64(1)
	for _, x := range k {
		hi, lo := bits.Mul64(h^x, 0x9e3779b97f4a7c15)
		h = hi ^ lo
	}
	for i := h; ; i++ {
		s := &v.table[i&uint64(len(v.table)-1)]
		if *s == 0 || v.keys[*s-1] == k {
			return s
		}
	}
}

// A finding is what an exploration has come to.
type finding struct {
	states, ends, lost int
	wrong              string // the first thing that is wrong, and how it comes to it
	loss               string // how the first session is lost
}

// explore visits every world that a setting leads to, nearest first, so that what
// goes wrong is found by the shortest way. It stops there.
func (c setting) explore() finding {
	var v visited
	var f finding
	first := c.begin()
	v.add(first.pack(), -1)
	for i := 0; i < len(v.keys) && f.wrong == ""; i++ {
		w := v.keys[i].unpack(c.kind)
		moved := false
		c.moves(&w, func(next world, m move, wrong string) {
			moved = true
			if wrong != "" && f.wrong == "" {
				f.wrong = wrong + v.trace(c, int32(i), m)
			}
			v.add(next.pack(), int32(i))
		})
		if slices.ContainsFunc(w.procs[:], func(p process) bool { return p.life == running }) {
			if !moved {
				f.wrong = "P7: nothing can happen any more, and somebody waits" + v.trace(c, int32(i), move{})
			}
			continue
		}
		if w.foreign != foreignIdle && w.foreign != foreignOver || w.out > signedIn && w.out < signedOut || slices.ContainsFunc(w.procs[:], func(p process) bool { return p.life == idle }) {
			continue
		}
		f.ends++
		if c.kind == Token && !c.refusing && !w.gone() && !w.alive(c.rotation) {
			if f.lost++; f.loss == "" {
				f.loss = v.trace(c, int32(i), move{})
			}
		}
	}
	f.states = len(v.keys)
	return f
}

// trace is the way to a world, and one move further.
func (v *visited) trace(c setting, to int32, last move) string {
	var way []int32
	for i := to; i >= 0; i = v.from[i] {
		way = append(way, i)
	}
	slices.Reverse(way)
	var text strings.Builder
	for n, i := range way[:len(way)-1] {
		w, want, found := v.keys[i].unpack(c.kind), v.keys[way[n+1]], false
		c.moves(&w, func(next world, m move, _ string) {
			if !found && next.pack() == want {
				found = true
				fmt.Fprintf(&text, "\n\t%v", m)
			}
		})
	}
	if last != (move{}) {
		fmt.Fprintf(&text, "\n\t%v", last)
	}
	return text.String()
}

// Whatever happens to those who renew, as long as the service gives the same
// answer again: nothing is lost, nobody fails without need, and the service is
// asked no more than it must.
func TestNothingIsLost(t *testing.T) {
	states, start := 0, time.Now()
	for _, c := range []setting{
		{rotation: successor, deaths: 3, losses: 2},
		{rotation: successor, deaths: 3, losses: 2, foreign: true},
		{rotation: successor, deaths: 1, losses: 1, foreign: true, left: 2, ticks: 1},
		{rotation: successor, deaths: 2, losses: 1, left: 2, ticks: 2},
		{rotation: successor, deaths: 1, losses: 1, foreign: true, signOut: true},
		{rotation: successor, deaths: 3, losses: 2, impatient: true},
		{rotation: successor, deaths: 1, losses: 1, refusing: true, together: true},
		{rotation: reusable, deaths: 2, losses: 1, foreign: true},
		{kind: Role, rotation: reusable, deaths: 3, losses: 2},
		{kind: Role, rotation: reusable, deaths: 1, losses: 1, signOut: true},
		{kind: Role, rotation: reusable, deaths: 1, losses: 1, left: 2, ticks: 2},
		{rotation: successor, losses: 1, signOut: true, stalls: 2},
		{kind: Role, rotation: reusable, deaths: 1, signOut: true, stalls: 2},
	} {
		c.processes = processes
		f := c.explore()
		states += f.states
		if f.wrong != "" {
			t.Errorf("%+v: %s", c, f.wrong)
		}
		if f.lost > 0 {
			t.Errorf("%+v: %d of %d ends have lost the session, such as:%s", c, f.lost, f.ends, f.loss)
		}
		t.Logf("%+v: %d states, %d ends", c, f.states, f.ends)
	}
	t.Logf("%d states in %v", states, time.Since(start))
	if states < wanted {
		t.Errorf("got %d states, want %d", states, wanted)
	}
}

// Where the service rotates in a way that no client can live with, the exploration
// finds that sessions are lost, and the error says what became of them.
func TestKnownLossesAreFound(t *testing.T) {
	for name, c := range map[string]setting{
		"strict, one death":                {rotation: strict, deaths: 1},
		"strict, one lost answer":          {rotation: strict, losses: 1},
		"forking, with the other client":   {rotation: forking, foreign: true},
		"forking, one lost answer":         {rotation: forking, losses: 1},
		"the service's minute is over":     {rotation: expiring, deaths: 1},
		"an outage longer than the minute": {rotation: expiring, losses: 2},
	} {
		t.Run(name, func(t *testing.T) {
			c.processes = 2
			f := c.explore()
			if f.wrong != "" {
				t.Errorf("%s", f.wrong)
			}
			if f.lost == 0 {
				t.Fatalf("got no loss in %d ends", f.ends)
			}
			t.Logf("%d of %d ends; the shortest way:%s", f.lost, f.ends, f.loss)
		})
	}
}

// An exploration that finds nothing proves something only if it would.
func TestBrokenRulesAreFound(t *testing.T) {
	for name, tt := range map[string]struct {
		setting
		found string
	}{
		"no look after taking the lock":         {setting{bug: noLookAgain, rotation: successor}, "P2"},
		"no look before writing":                {setting{bug: noCompare, rotation: reusable, foreign: true, ticks: 1}, "P5"},
		"no look before writing, signed out":    {setting{bug: noCompare, rotation: successor, signOut: true}, "P6"},
		"the lock is given back before writing": {setting{bug: earlyUnlock, rotation: successor}, "P2"},
		"a lost answer is not asked for again":  {setting{bug: noRepeat, rotation: successor, losses: 1}, "P3"},
		"no guard":                              {setting{bug: noGuard, rotation: successor, signOut: true}, "P6"},
		"no second look after writing":          {setting{bug: noSecondLook, rotation: successor, signOut: true, stalls: 1}, "P6"},
		"a failure is not shared":               {setting{bug: noSharing, rotation: successor, refusing: true, together: true}, "P2"},
		"deleted on refusal":                    {setting{bug: deleteOnRefusal, rotation: strict, foreign: true}, "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.processes = 2
			f := tt.explore()
			if f.wrong == "" && f.lost > 0 {
				f.wrong = "lost:" + f.loss
			}
			if !strings.HasPrefix(f.wrong, tt.found) {
				t.Errorf("got %q in %d states, want %s broken", f.wrong, f.states, tt.found)
			}
		})
	}
}
