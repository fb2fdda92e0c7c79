package act

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"emtihan/exam"
)

// Book counts the acts of a centre: per day, all forms together, from 1 without gaps (R19). It is a fold over the acts of
// the logs and keeps nothing of its own, so a number exists exactly where its act does: the event and the printed page go
// into one commit of the room's log, and a crash before that commit leaves neither. The zero value is an empty book. A
// Book is used by one goroutine.
type Book struct{ days map[string]map[int]string }

// Add notes the number of an act that a log holds. The same act may be added again, for example from a second log that
// holds it too; two acts with one number of the day are an error, and so is what is no number.
func (b *Book) Add(number string) error {
	form, day, n, err := ParseNumber(number)
	if err != nil {
		return err
	}
	if old, taken := b.days[day][n]; taken && old != form {
		return fmt.Errorf("acts %s and %s have the same number of the day", fmt.Sprintf("%s/%s/%03d", old, day, n), number)
	}
	if b.days == nil {
		b.days = make(map[string]map[int]string)
	}
	if b.days[day] == nil {
		b.days[day] = make(map[int]string)
	}
	b.days[day][n] = form
	return nil
}

// Next returns the number of the next act of the day, without taking it: only Add does.
func (b *Book) Next(form string, day time.Time) string {
	last := 0
	for n := range b.days[day.Format(time.DateOnly)] {
		last = max(last, n)
	}
	return Number(form, day, last+1)
}

// Gaps returns the numbers that are missing below the last one of each day, as "2026-11-21/002", in order.
func (b *Book) Gaps() []string {
	var out []string
	for _, day := range slices.Sorted(maps.Keys(b.days)) {
		last := slices.Max(slices.Collect(maps.Keys(b.days[day])))
		for n := 1; n < last; n++ {
			if _, ok := b.days[day][n]; !ok {
				out = append(out, fmt.Sprintf("%s/%03d", day, n))
			}
		}
	}
	return out
}

// Incomplete says what keeps a draft from becoming an act.
type Incomplete struct{ Problems []Problem }

func (e *Incomplete) Error() string { return fmt.Sprintf("the act is not complete: %v", e.Problems) }

// Issue makes a draft an act: checked, numbered by the book, signed by the administrator by at the time signed (in the time
// zone of the session), and printed. The caller records event and page in one commit of the room's log, and only then adds
// the number to the book; if the commit fails, nothing has happened. Errors are *Incomplete, or what went wrong in printing.
func (fs *Forms) Issue(d Draft, b *Book, by string, signed time.Time, fonts Fonts) (exam.ActDrawn, []byte, error) {
	if p := fs.Check(d); len(p) > 0 {
		return exam.ActDrawn{}, nil, &Incomplete{p}
	}
	if by == "" {
		return exam.ActDrawn{}, nil, errors.New("nobody signs the act")
	}
	signed = signed.Truncate(time.Second)
	a := Draw(d, b.Next(d.Form.ID, signed), by)
	pdf, err := fs.Print(a, signed, fonts)
	if err != nil {
		return exam.ActDrawn{}, nil, err
	}
	sum := sha256.Sum256(pdf)
	a.Digest = sum[:]
	return a, pdf, nil
}
