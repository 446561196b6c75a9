package idctest

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/seed"
)

// An Option changes what [New] and [Start] make.
type Option interface {
	apply(*settings) error
}

type settings struct {
	config    idc.Config
	listen    bool
	faults    []Fault
	decisions []Decision
}

type option func(*settings) error

func (o option) apply(s *settings) error { return o(s) }

// Listen puts the Identity Center on a free port of this machine instead of
// pipes in memory, so that other programs reach it.
func Listen() Option {
	return option(func(s *settings) error {
		s.listen = true
		return nil
	})
}

// Seed states the organisation, in YAML. See the package comment.
func Seed(yaml string) Option {
	return option(func(s *settings) error { return s.seed("seed", []byte(yaml)) })
}

// Organisation reads the organisation from a YAML file.
func Organisation(file string) Option {
	return option(func(s *settings) error {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("organisation: %w", err)
		}
		return s.seed(file, data)
	})
}

func (s *settings) seed(name string, data []byte) error {
	org, err := seed.Parse(name, data)
	if err != nil {
		return err
	}
	s.config.Organisation = &org
	return nil
}

// Data keeps the database in a directory, so that a second Identity Center can
// go on where the first stopped. Without it everything is in memory.
func Data(dir string) Option {
	return option(func(s *settings) error {
		s.config.DataDir = dir
		return nil
	})
}

// Clock is what the Identity Center goes by instead of time.Now. Moving it makes
// everything issued older; clients judge by their own clocks, so they only
// notice when they are refused. [IdentityCenter.Advance] does as much without a
// clock of the test's own. now must be safe for concurrent use.
func Clock(now func() time.Time) Option {
	return option(func(s *settings) error {
		s.config.Now = now
		return nil
	})
}

// Faults are there from the beginning, as [IdentityCenter.Inject] makes them.
func Faults(faults ...Fault) Option {
	return option(func(s *settings) error {
		s.faults = append(s.faults, faults...)
		return nil
	})
}

// Decisions answer sign-ins from the beginning, as [IdentityCenter.Decide] makes
// them; the first that fits counts, before those of the organisation. [Data]
// keeps them.
func Decisions(decisions ...Decision) Option {
	return option(func(s *settings) error {
		s.decisions = append(s.decisions, decisions...)
		return nil
	})
}

// Log is where the Identity Center says what it does: requests at debug level,
// faults as errors. New logs faults to the test's output unless told otherwise,
// Start logs nothing.
func Log(log *slog.Logger) Option {
	return option(func(s *settings) error {
		s.config.Log = log
		return nil
	})
}

// Policy is an Option that sets how long things last. What is zero is as AWS has
// it.
type Policy struct {
	Registration      time.Duration // a client's registration; 90 days
	DeviceCode        time.Duration // a device code, until it must be approved; 10 minutes
	Interval          time.Duration // between polls for it; 1 second
	AuthorizationCode time.Duration // 5 minutes
	AccessToken       time.Duration // 1 hour
	Session           time.Duration // a sign-in, and with it the last refresh; 8 hours
	RefreshGrace      time.Duration // how long a refresh token that was used still answers; 1 minute
}

func (p Policy) apply(s *settings) error {
	s.config.Policy = grant.Policy{
		Registration: p.Registration, DeviceCode: p.DeviceCode, Request: p.DeviceCode, Interval: p.Interval,
		AuthorizationCode: p.AuthorizationCode, AccessToken: p.AccessToken, Session: p.Session, RefreshGrace: p.RefreshGrace,
	}
	return nil
}
