package grant_test

import (
	"testing"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func BenchmarkRedeemDevice(b *testing.B) {
	w := newWorld(b, b.TempDir())
	c, sess := w.register(start), w.signIn(start, "alice")
	codes := make(chan string, b.N)
	w.Policy.MaxLiveDeviceCodes = b.N + 1
	for range b.N {
		codes <- w.approved(start, c, sess).DeviceCode
	}
	b.ResetTimer()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.RedeemDevice(b.Context(), start, c.ID, c.secret, <-codes); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "redemptions/s")
}

func BenchmarkRefresh(b *testing.B) {
	w := newWorld(b, b.TempDir())
	c, sess := w.register(start), w.signIn(start, "alice")
	t := w.tokens(start, c, sess)
	for b.Loop() {
		next, err := w.refresh(start, c, t.RefreshToken)
		if err != nil {
			b.Fatal(err)
		}
		t = next
	}
}

func BenchmarkAccessToken(b *testing.B) {
	w := newWorld(b, b.TempDir())
	c, sess := w.register(start), w.signIn(start, "alice")
	tokens := make([]grant.Tokens, 16)
	for i := range tokens {
		tokens[i] = w.tokens(start, c, sess)
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := w.AccessToken(b.Context(), start, tokens[i%len(tokens)].AccessToken); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
}
