package main

import (
	"fmt"
	"maps"
	"slices"
)

// ledger is what the outside was promised.
type ledger map[string]*promise

// promise is what was said of one journal.
type promise struct {
	stands bool   // it was made
	upTo   uint64 // its records up to this were acknowledged
}

// plan says that a journal may come to be.
func (l ledger) plan(name string) {
	if l[name] == nil {
		l[name] = &promise{}
	}
}

// hear notes what a message promises. A journal that was opened counts its records as durable, so they are promised too.
func (l ledger) hear(m message) {
	switch m.Kind {
	case sayCreated, sayFound, sayAck:
		l.plan(m.Journal)
		p := l[m.Journal]
		p.stands = true
		if m.Kind != sayCreated {
			p.upTo = max(p.upTo, m.Number)
		}
	}
}

// acknowledged returns the number of promised records.
func (l ledger) acknowledged() (n uint64) {
	for _, p := range l {
		n += p.upTo
	}
	return n
}

// outcome is what a recovery had to answer for.
type outcome struct {
	Lost       uint64 // acknowledged records that are not there
	Unreadable int    // journals that are gone, cannot be opened, or hold something else than was written
	Notes      []string
}

func (o *outcome) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

// compare compares promises with what was found. expected returns the sum of the first records of a journal.
func (l ledger) compare(found []message, expected func(name string, records uint64) string) outcome {
	var o outcome
	byName := make(map[string]message)
	for _, m := range found {
		byName[m.Journal] = m
		if l[m.Journal] == nil {
			o.Unreadable++
			o.note("%s: nobody made this journal", m.Journal)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		p := l[name]
		m, there := byName[name]
		switch {
		case !there && !p.stands:
		case !there:
			o.Lost += p.upTo
			o.Unreadable++
			o.note("%s is gone; %d records were acknowledged", name, p.upTo)
		case m.Kind != sayFound:
			o.Lost += p.upTo
			o.Unreadable++
			o.note("%s cannot be read; %d records were acknowledged: %s", name, p.upTo, m.Text)
		default:
			if m.Number < p.upTo {
				o.Lost += p.upTo - m.Number
				o.note("%s has %d records; %d were acknowledged", name, m.Number, p.upTo)
			}
			if want := expected(name, m.Number); m.Digest != want {
				o.Unreadable++
				o.note("%s has other contents than was written", name)
			}
		}
	}
	return o
}
