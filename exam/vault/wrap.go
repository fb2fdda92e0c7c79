package vault

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// DataKey is the key under which the content of one log is encrypted. Printing and logging do not show it, except from an
// unexported field of something that is printed whole, where fmt asks no methods.
type DataKey [32]byte

// String hides the key.
func (DataKey) String() string { return "DataKey(hidden)" }

// Format hides the key under every verb; String alone would leave %d.
func (k DataKey) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// LogValue hides the key from loggers that encode without fmt.
func (k DataKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// The sorts of wraps. A change of how a sort is made gets a new name.
const (
	ForStation = "station" // opens with the secret of the computer that made the log
	ForAge     = "age"     // opens with an identity of NCT
)

// Wrap is a log's key, encrypted for somebody. It is no secret.
type Wrap struct {
	For  string // ForStation or ForAge; others are of newer programs and passed over
	Data []byte
}

// Opener is whoever may read some logs.
type Opener interface {
	// Unwrap returns the key of the log with the id. The error wraps [ErrNoKey] where none of the wraps opens.
	Unwrap(id string, wraps []Wrap) (DataKey, error)
}

// ErrNoKey is wrapped by every error that says that no wrap of a log opens with what there is.
var ErrNoKey = errors.New("the log's key does not open")

// Domains keep what was made for one purpose from being taken for another. They end in a zero byte, and what follows them has
// one reading: an id alone, or an id before a key of fixed length.
const (
	stationDomain = "emtihan log key, station, 1\x00"
	ageDomain     = "emtihan log key, age, 1\x00"
)

const (
	stationWrapSize = chacha20poly1305.NonceSizeX + len(DataKey{}) + chacha20poly1305.Overhead
	maxID           = 256
)

func bind(domain, id string) []byte { return append([]byte(domain), id...) }

func checkID(id string) error {
	if id == "" || len(id) > maxID {
		return fmt.Errorf("vault: a log's id has 1–%d bytes, not %d", maxID, len(id))
	}
	return nil
}

// unwrap tries the wraps of one sort in their order.
func unwrap(id string, wraps []Wrap, sort, who string, open func([]byte) (DataKey, error)) (DataKey, error) {
	if err := checkID(id); err != nil {
		return DataKey{}, fmt.Errorf("%w: %v", ErrNoKey, err)
	}
	reason := ""
	for _, w := range wraps {
		if w.For != sort {
			continue
		}
		key, err := open(w.Data)
		if err == nil {
			return key, nil
		}
		reason = who + " does not open the wrap for " + strconv.Quote(sort) + ": " + err.Error()
	}
	if reason == "" {
		reason = who + " opens only wraps for " + strconv.Quote(sort)
	}
	return DataKey{}, noKey(wraps, reason)
}

// noKey says which sorts of wraps there were.
func noKey(wraps []Wrap, reason string) error {
	const most = 8 // a damaged log may have any number, of any name
	var sorts []string
	for _, w := range wraps {
		name := strconv.Quote(w.For[:min(len(w.For), 32)])
		if slices.Contains(sorts, name) {
			continue
		}
		if len(sorts) == most {
			sorts = append(sorts, "…")
			break
		}
		sorts = append(sorts, name)
	}
	if len(sorts) == 0 {
		return fmt.Errorf("%w: it has no wraps; %s", ErrNoKey, reason)
	}
	return fmt.Errorf("%w: it has wraps for %s; %s", ErrNoKey, strings.Join(sorts, ", "), reason)
}

// Any returns an opener that tries the openers in their order and passes over nil ones. Where none opens, the error wraps every
// error that there was, and [ErrNoKey].
func Any(openers ...Opener) Opener { return anyOf(slices.Clone(openers)) }

type anyOf []Opener

func (a anyOf) Unwrap(id string, wraps []Wrap) (DataKey, error) {
	var errs []error
	for _, o := range a {
		if o == nil {
			continue
		}
		key, err := o.Unwrap(id, wraps)
		if err == nil {
			return key, nil
		}
		errs = append(errs, err)
	}
	switch len(errs) {
	case 0:
		return DataKey{}, noKey(wraps, "there is nothing to open it with")
	case 1:
		return DataKey{}, errs[0]
	}
	return DataKey{}, errors.Join(errs...)
}
