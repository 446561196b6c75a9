package idc

import (
	"context"
	"fmt"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// Events are what happened here.
func (s *Server) Events() *events.Recorder { return s.events }

// Faults are what is to go wrong here.
func (s *Server) Faults() *fault.Plan { return &s.faults }

// Grant is the service of sign-ins, for steering without the wire.
func (s *Server) Grant() *grant.Service { return s.grant }

// Directory is the service of people, for steering without the wire.
func (s *Server) Directory() *directory.Service { return s.directory }

// Advance makes everything issued so far older by that much, as if it had
// passed. Clocks do not move: what is issued afterwards is new.
func (s *Server) Advance(ctx context.Context, by time.Duration) error {
	if by <= 0 {
		return fmt.Errorf("time goes forward alone, not by %s", by)
	}
	if err := s.grant.Age(ctx, by); err != nil {
		return err
	}
	return s.directory.Age(ctx, by)
}

// Skew sets how far this Identity Center's clock is ahead of the true time, as
// its clients see it: in the Date header of answers, and in judging the dates of
// signed requests. What expires, expires in true time.
func (s *Server) Skew(by time.Duration) { s.skew.Store(int64(by)) }

// SkewedBy returns what Skew set.
func (s *Server) SkewedBy() time.Duration { return time.Duration(s.skew.Load()) }

// signatureNow is the clock that the dates of signed requests are judged by.
func (s *Server) signatureNow() time.Time { return s.now().Add(s.SkewedBy()) }
