package stream

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// OriginPrefix begins the origin line of a log's checkpoints; the log's id follows.
const OriginPrefix = "emtihan/log/"

const checkpointTime = "2006-01-02T15:04:05.000Z"

// Checkpoint states what a log held at a moment.
type Checkpoint struct {
	ID   string // of the log
	Size uint64 // leaves
	Root tlog.Hash
	Time time.Time // by the date of the computer that signed; UTC, milliseconds
	Note string    // the signed note, where the checkpoint was read from one
}

// Text returns what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s%s\n%d\n%s\ntime %s\n", OriginPrefix, c.ID, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]),
		c.Time.UTC().Format(checkpointTime))
}

var errCheckpoint = errors.New("the checkpoint's text is not as this version writes it")

// ParseCheckpoint reads the text of a checkpoint. What it returns has exactly one spelling, the one that was read.
func ParseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 {
		return c, errCheckpoint
	}
	id, ok := strings.CutPrefix(lines[0], OriginPrefix)
	size, err1 := strconv.ParseUint(lines[1], 10, 62)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	date, ok2 := strings.CutPrefix(lines[3], "time ")
	at, err3 := time.Parse(checkpointTime, date)
	if !ok || !ok2 || errors.Join(err1, err2, err3) != nil || len(root) != tlog.HashSize || !ValidID(id) {
		return c, errCheckpoint
	}
	c = Checkpoint{ID: id, Size: size, Root: tlog.Hash(root), Time: at}
	if c.Text() != text {
		return Checkpoint{}, errCheckpoint
	}
	return c, nil
}

// OpenCheckpoint reads a signed checkpoint and checks that exactly one signature stands under it and that it is the
// verifier's.
func OpenCheckpoint(msg []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, err
	}
	// Base64 leaves bits open in its last character; a signature has one spelling.
	if _, _, err := splitNote(msg); err != nil {
		return Checkpoint{}, err
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) > 0 {
		return Checkpoint{}, errors.New("it has other signatures than the one of the run's key")
	}
	c, err := ParseCheckpoint(n.Text)
	c.Note = string(msg)
	return c, err
}
