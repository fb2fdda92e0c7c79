package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/cmd/powercut/disk"
)

func TestCompare(t *testing.T) { // R11
	expected := func(name string, records uint64) string { return fmt.Sprint(name, records) }
	found := func(name string, n uint64) message {
		return message{Kind: sayFound, Journal: name, Number: n, Digest: expected(name, n)}
	}
	said := []message{
		{Kind: sayCreated, Journal: "a"},
		{Kind: sayAck, Journal: "a", Number: 5},
		{Kind: sayAck, Journal: "a", Number: 9},
		{Kind: sayAck, Journal: "a", Number: 7}, // out of order
		{Kind: sayTyping, Journal: "a", Number: 100},
		{Kind: sayCreated, Journal: "b"},
	}
	for name, c := range map[string]struct {
		found      []message
		lost       uint64
		unreadable int
		note       string
	}{
		"everything":           {found: []message{found("a", 9), found("b", 0)}},
		"more than promised":   {found: []message{found("a", 30), found("b", 2)}},
		"planned and there":    {found: []message{found("a", 9), found("b", 0), found("c", 3)}},
		"two records short":    {found: []message{found("a", 7), found("b", 0)}, lost: 2, note: "a has 7 records; 9"},
		"empty journal gone":   {found: []message{found("a", 9)}, unreadable: 1, note: "b is gone"},
		"full journal gone":    {found: []message{found("b", 0)}, lost: 9, unreadable: 1, note: "a is gone; 9"},
		"nothing":              {lost: 9, unreadable: 2, note: "gone"},
		"unreadable":           {found: []message{{Kind: sayUnreadable, Journal: "a", Text: "damaged"}, found("b", 0)}, lost: 9, unreadable: 1, note: "damaged"},
		"planned, unreadable":  {found: []message{found("a", 9), found("b", 0), {Kind: sayUnreadable, Journal: "c", Text: "torn"}}, unreadable: 1, note: "torn"},
		"other bytes":          {found: []message{{Kind: sayFound, Journal: "a", Number: 9, Digest: "x"}, found("b", 0)}, unreadable: 1, note: "other contents"},
		"other bytes, shorter": {found: []message{{Kind: sayFound, Journal: "a", Number: 8, Digest: "x"}, found("b", 0)}, lost: 1, unreadable: 1, note: "other contents"},
		"from nowhere":         {found: []message{found("a", 9), found("b", 0), found("z", 1)}, unreadable: 1, note: "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			l := make(ledger)
			l.plan("c")
			for _, m := range said {
				l.hear(m)
			}
			if l.acknowledged() != 9 {
				t.Errorf("%d acknowledged", l.acknowledged())
			}
			o := l.compare(c.found, expected)
			if o.Lost != c.lost || o.Unreadable != c.unreadable {
				t.Errorf("%+v", o)
			}
			if notes := strings.Join(o.Notes, "\n"); (notes == "") != (c.note == "") || !strings.Contains(notes, c.note) {
				t.Errorf("notes: %q", notes)
			}
		})
	}
}

// What was once recovered must not be lost later: the station has shown it as saved.
func TestRecoveredIsPromised(t *testing.T) {
	l := make(ledger)
	l.hear(message{Kind: sayFound, Journal: "a", Number: 4})
	o := l.compare([]message{{Kind: sayFound, Journal: "a", Number: 3}}, func(string, uint64) string { return "" })
	if o.Lost != 1 {
		t.Errorf("%+v", o)
	}
}

func TestPromisedBy(t *testing.T) {
	said := []promised{
		{message{Kind: sayCreated, Journal: "a"}, 3},
		{message{Kind: sayAck, Journal: "a", Number: 1}, 5},
		{message{Kind: sayAck, Journal: "a", Number: 4}, 8},
		{message{Kind: sayDone}, 9},
	}
	for instant, want := range map[int]string{0: "false 0", 2: "false 0", 3: "true 0", 5: "true 1", 7: "true 1", 8: "true 4", 99: "true 4"} {
		l := promisedBy(said, instant)
		if got := fmt.Sprint(l["a"].stands, l["a"].upTo); got != want {
			t.Errorf("at command %d: %s, want %s", instant, got, want)
		}
		if len(l) != 1 {
			t.Errorf("%d journals", len(l))
		}
	}
	if countAcks(said) != 2 {
		t.Errorf("%d acknowledgements", countAcks(said))
	}
}

func TestSurvey(t *testing.T) {
	promises := make(ledger)
	promises.hear(message{Kind: sayAck, Journal: "a", Number: 2})
	good := []message{{Kind: sayFound, Journal: "a", Number: 2, Digest: digestOf("a", 2), Micros: 5}}
	out := filepath.Join(t.TempDir(), "kept")
	var s survey
	s.add(disk.State{Prefix: true}, promises, good, nil, out)
	if s.Images != 1 || s.Prefixes != 1 || s.bad != 0 || s.Acknowledged != 2 {
		t.Errorf("%+v", &s)
	}
	s.add(disk.State{Name: "short", Image: []byte("short")}, promises, nil, nil, out)
	s.add(disk.State{Name: "broken", Image: []byte("broken")}, promises, nil, fmt.Errorf("%w: x", errFileSystem), out)
	if s.Images != 3 || s.Prefixes != 1 || s.bad != 2 || s.Lost != 4 || s.Unreadable != 2 || s.failure != nil {
		t.Errorf("%+v", &s)
	}
	for i, want := range []string{"short", "broken"} {
		if got, err := os.ReadFile(filepath.Join(out, fmt.Sprintf("image%d.ext4", i+1))); err != nil || string(got) != want {
			t.Errorf("%q %v", got, err)
		}
	}
	s.add(disk.State{}, promises, nil, errors.New("debugfs is missing"), out)
	if s.Images != 3 || s.failure == nil {
		t.Error("what could not be looked at counts as looked at")
	}
}
