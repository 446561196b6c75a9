package creds_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Every interleaving of two callers, step by step. Two ways to the same place, by
// the steps that each has done, are one: from there on the same can follow.
func TestEveryInterleavingOfTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		seen, todo, played := map[string]bool{}, [][]int{nil}, 0
		for len(todo) > 0 && !t.Failed() {
			way := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			played++
			for _, place := range s.interleave(way) {
				for who := range 2 {
					edge := fmt.Sprint(place.name, who)
					if !seen[edge] {
						seen[edge] = true
						if who != place.went {
							todo = append(todo, append(slices.Clone(place.way), who))
						}
					}
				}
			}
		}
		t.Logf("%d interleavings through %d crossroads", played, len(seen)/2)
		if len(seen)/2 < 100 {
			t.Errorf("got %d crossroads, want 100 and more: the two do not meet", len(seen)/2)
		}
	})
}

// A place is one at which either of two callers may go on.
type place struct {
	name string
	way  []int // who went, until here
	went int
}

// interleave plays two callers in a given order, then the first as long as there
// is something for it to do.
func (s *stage) interleave(way []int) (places []place) {
	before := s.expire()
	got := &tally{keys: map[string]bool{}}
	var at [2]string
	var over [2]bool
	var steps [2][]string
	var gates [2]chan struct{}
	began := time.Now()
	for who := range 2 {
		gates[who] = make(chan struct{})
		go func() {
			c, err := s.call(func(step string) {
				at[who] = step
				<-gates[who]
			})
			over[who] = true
			s.served(fmt.Sprint(way), got, c, err, began)
		}()
	}
	var gone []int
	for turn := 0; ; turn++ {
		synctest.Wait()
		if over[0] && over[1] {
			break
		}
		who := 0
		switch {
		case over[0]:
			who = 1
		case over[1]:
		default:
			if turn < len(way) {
				who = way[turn]
			} else if waits(steps[0]) {
				who = 1 // for whom the first waits
			}
			places = append(places, place{fmt.Sprint(at, len(s.effects(steps[0])), len(s.effects(steps[1]))), slices.Clone(gone), who})
		}
		gone = append(gone, who)
		steps[who] = append(steps[who], at[who])
		gates[who] <- struct{}{}
		time.Sleep(400 * time.Millisecond) // for what it waits for, a lock included
	}
	s.check(fmt.Sprint(way), before, got, 0)
	return places
}

// effects are the steps that change something; going round in a wait does not.
func (s *stage) effects(steps []string) []string {
	return slices.DeleteFunc(slices.Clone(steps), func(step string) bool {
		return slices.Contains([]string{"role lock", "role look waiting", "role tell", "session lock", "session look waiting", "session tell"}, step)
	})
}

// waits reports whether a caller has just looked in vain for what it waits for.
func waits(steps []string) bool {
	n := len(steps)
	return n > 0 && (steps[n-1] == "role look waiting" || steps[n-1] == "session look waiting")
}
