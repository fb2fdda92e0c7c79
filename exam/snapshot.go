package exam

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// snapshotVersion is raised with every change of the state's fields, of their meaning, or of what Apply makes of an event:
// a snapshot taken under other rules must not stand for the fold under these.
const snapshotVersion = 4

// What RestoreAttempt answers to what it cannot take. After each of them the attempt is folded from its first event.
var (
	ErrSnapshot        = errors.New("not a snapshot of an attempt")            // damaged, or of another paper
	ErrSnapshotVersion = errors.New("a snapshot of another program's version") // older or newer rules
)

// wireSnapshot is the same in every version, so that a snapshot of another version is told from a damaged one.
type wireSnapshot struct {
	Version uint64          `cbor:"1,keyasint"`
	State   cbor.RawMessage `cbor:"2,keyasint"` // an Attempt without its profile and paper, which are known by Opened
}

// Snapshot returns the whole state in deterministic CBOR (RFC 8949 §4.2.1): equal attempts have equal bytes. It stands for
// the events up to Seq, so that resuming costs the same after ten minutes as after four hours (R11); it is no second truth,
// and whoever keeps it keeps the events too. It says nothing about who wrote it: the keeper must protect it against change
// as the events are protected.
//
// What it returns is read by RestoreAttempt with the same paper, or none if the attempt has none, and gives an attempt that
// equals a in every field. An attempt without events, and one that was not folded by Apply, may have no snapshot; the
// error wraps ErrSnapshot.
func (a *Attempt) Snapshot() ([]byte, error) {
	data, err := a.encodeSnapshot()
	if err != nil {
		return nil, err
	}
	// Whatever the limits of decoding would refuse later is refused now, while the events are there to do without.
	read, err := decodeSnapshot(data)
	if err != nil {
		return nil, err
	}
	if err := read.checkSnapshot(a.Paper); err != nil {
		return nil, err
	}
	return data, nil
}

// RestoreAttempt returns the attempt of which data is the snapshot; Apply and Decide go on with it exactly as with the
// original. It keeps nothing of data. Errors wrap ErrSnapshotVersion where a program with other rules wrote it, and
// ErrSnapshot otherwise: damage, any encoding that Snapshot would not write, or another paper.
func RestoreAttempt(data []byte, paper *Paper) (*Attempt, error) {
	a, err := decodeSnapshot(data)
	if err != nil {
		return nil, err
	}
	if err := a.checkSnapshot(paper); err != nil {
		return nil, err
	}
	if again, err := a.encodeSnapshot(); err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: it is not in its one encoding", ErrSnapshot)
	}
	if a.Profile, err = ParseProfile(a.Opened.Profile); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	if a.Paper = paper; paper != nil {
		if err := a.Profile.Fits(paper); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSnapshot, err)
		}
		a.Paper = paper.Arranged(a.Opened.Variant, a.Profile.Variants)
	}
	return a, nil
}

func (a *Attempt) encodeSnapshot() ([]byte, error) {
	state, err := encoding.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	return encoding.Marshal(wireSnapshot{Version: snapshotVersion, State: state})
}

func decodeSnapshot(data []byte) (*Attempt, error) {
	var w wireSnapshot
	if err := decoding.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	if w.Version != snapshotVersion {
		return nil, fmt.Errorf("%w: it is of version %d, this program reads version %d", ErrSnapshotVersion, w.Version, snapshotVersion)
	}
	a := new(Attempt)
	if err := decoding.Unmarshal(w.State, a); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	return a, nil
}

// checkSnapshot demands what Apply guarantees and the rest of the program relies on.
func (a *Attempt) checkSnapshot(paper *Paper) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrSnapshot, fmt.Sprintf(format, args...))
	}
	switch {
	case a.Seq == 0:
		return bad("no event has been folded")
	case !slices.Contains([]Phase{
		PhaseLoggedIn, PhaseIdentified, PhaseDataConfirmed, PhaseRulesRead, PhaseConfirmed,
		PhaseRunning, PhaseFinishing, PhaseFinished, PhaseWithdrawn, PhasePostponed,
	}, a.Phase):
		return bad("unknown phase %q", a.Phase)
	case a.Used < 0 || a.Used > longest || a.AwayFor < 0 || a.AwayFor > longest || a.Leaves < 0:
		return bad("used time %v, %d absences, the last of %v", a.Used, a.Leaves, a.AwayFor)
	case paper == nil && a.Responses != nil:
		return bad("it holds responses, and there is no paper")
	case paper == nil:
		return nil
	case a.Opened.Paper != paper.Digest():
		return bad("the attempt was opened with another paper")
	case len(a.Responses) != len(paper.Items()):
		return bad("%d responses to %d items", len(a.Responses), len(paper.Items()))
	}
	if _, _, ok := paper.Item(a.Current); !ok {
		return bad("the paper has no item %q", a.Current)
	}
	for _, m := range a.Markings {
		length, ok := passageRunes(paper, m.Passage, a.Opened.Candidate.Language)
		if !ok {
			return bad("the paper has no passage %q", m.Passage)
		}
		end := -1
		for _, r := range m.Ranges {
			if r.From <= end || r.To <= r.From || r.To > length {
				return bad("a highlight of passage %q stands outside its text", m.Passage)
			}
			end = r.To
		}
	}
	for _, h := range a.Hearings {
		if m := paper.Medium(h.Medium); m == nil || m.Kind != Sound || h.Times < 1 || h.Millis < 0 {
			return bad("the paper has no sound %q, or it was never begun", h.Medium)
		}
	}
	for i, r := range a.Responses {
		if r.Caret < 0 || r.Caret > utf8.RuneCountInString(r.Text) {
			return bad("the caret of item %q stands outside its text", paper.Items()[i].ID)
		}
	}
	return nil
}
