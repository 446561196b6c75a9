package directory

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What new hashes cost: the second profile of RFC 9106 scaled to 19 MiB, about
// 20 ms of one core.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	saltLength   = 16
	keyLength    = 32
)

// The most a hash in a seed may ask for. Whoever writes the seed is trusted; a
// misplaced digit should still not take the machine's memory.
const (
	maxArgonMemory  = 64 * 1024
	maxArgonTime    = 16
	maxArgonThreads = 16
)

// phc is a parsed $argon2id$v=19$m=…,t=…,p=…$salt$hash.
type phc struct {
	memory  uint32
	time    uint32
	threads uint8
	salt    []byte
	key     []byte
}

func (p phc) compute(secret []byte) []byte {
	return argon2.IDKey(secret, p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
}

func (p phc) verify(secret []byte) bool {
	return subtle.ConstantTimeCompare(p.compute(secret), p.key) == 1
}

func (p phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		enc.EncodeToString(p.salt), enc.EncodeToString(p.key))
}

// newPHC hashes a secret under a fresh salt.
func newPHC(secret []byte) (phc, error) {
	p := phc{memory: argonMemory, time: argonTime, threads: argonThreads, salt: make([]byte, saltLength), key: make([]byte, keyLength)}
	if _, err := io.ReadFull(rand.Reader, p.salt); err != nil {
		return phc{}, fmt.Errorf("read random bytes: %w", err)
	}
	p.key = p.compute(secret)
	return p, nil
}

// standardCost is what verifying a hash of newPHC costs.
const standardCost = argonMemory * argonTime

// cost is what verifying takes: KiB times passes, which its lanes share among the
// processors there are.
func (p phc) cost() int {
	if p.threads == 0 {
		return 0
	}
	return int(p.memory) * int(p.time) / min(int(p.threads), runtime.GOMAXPROCS(0))
}

// filler is a hash that costs about so much to verify. It is verified for the
// time that takes; the outcome is ignored.
func filler(cost int) phc {
	passes := max(argonTime, (cost+maxArgonMemory-1)/maxArgonMemory)
	return phc{
		memory: uint32(max(8, (cost+passes-1)/passes)), time: uint32(passes), threads: argonThreads,
		salt: make([]byte, saltLength), key: make([]byte, keyLength),
	}
}

var errPHC = errors.New("it is no argon2id hash")

func parsePHC(s string) (phc, error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" {
		return phc{}, errPHC
	}
	if f[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errors.New("its argon2 version is not 19")
	}
	var p phc
	for i, field := range strings.Split(f[3], ",") {
		name, value, ok := strings.Cut(field, "=")
		n, err := strconv.ParseUint(value, 10, 32)
		if !ok || err != nil {
			return phc{}, errPHC
		}
		switch {
		case i == 0 && name == "m" && n >= 8 && n <= maxArgonMemory:
			p.memory = uint32(n)
		case i == 1 && name == "t" && n >= 1 && n <= maxArgonTime:
			p.time = uint32(n)
		case i == 2 && name == "p" && n >= 1 && n <= maxArgonThreads:
			p.threads = uint8(n)
		default:
			return phc{}, errors.New("its parameters are missing or out of range")
		}
	}
	if p.threads == 0 {
		return phc{}, errors.New("its parameters are missing or out of range")
	}
	enc := base64.RawStdEncoding.Strict()
	var err error
	if p.salt, err = enc.DecodeString(f[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return phc{}, errPHC
	}
	if p.key, err = enc.DecodeString(f[5]); err != nil || len(p.key) < 16 || len(p.key) > 64 {
		return phc{}, errPHC
	}
	return p, nil
}
