package directory

import (
	"strings"
	"testing"
)

func TestPHC(t *testing.T) {
	p, err := newPHC([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %q, want argon2id with 19 MiB, t=2, p=1", got)
	}
	back, err := parsePHC(p.String())
	if err != nil || back.String() != p.String() || !back.verify([]byte("secret")) || back.verify([]byte("Secret")) {
		t.Errorf("got %q and %v, want the same that verifies", back.String(), err)
	}
	other, err := newPHC([]byte("secret"))
	if err != nil || other.String() == p.String() {
		t.Errorf("got the same hash twice (%v), want another salt", err)
	}
}

// As the reference implementation's argon2 prints them.
func TestForeignPHC(t *testing.T) {
	p, err := parsePHC("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil || !p.verify([]byte("password")) {
		t.Errorf("got %v, want the reference hash to verify", err)
	}
	for _, s := range []string{
		"", "$", "password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1,x=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$t=2,m=65536,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=0,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", // more than 64 MiB
		"$argon2id$v=19$m=65536,t=99,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFh",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ=$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		if _, err := parsePHC(s); err == nil {
			t.Errorf("%q: got no error, want one", s)
		}
	}
}

// What fills up a try costs what was asked for, and no more memory than a hash
// may.
func TestFiller(t *testing.T) {
	for _, cost := range []int{8, 100, standardCost / 2, standardCost, standardCost + 1, 2 * maxArgonMemory, 3*maxArgonMemory + 5, maxArgonMemory * maxArgonTime} {
		p := filler(cost)
		if got := p.cost(); got < cost || got > cost+16+int(p.time) || p.memory > maxArgonMemory {
			t.Errorf("got %d KiB, %d passes, want a cost of %d", p.memory, p.time, cost)
		}
	}
	if p := filler(standardCost); p.memory != argonMemory || p.time != argonTime {
		t.Errorf("got %d KiB, %d passes, want those of a new hash", p.memory, p.time)
	}
}
