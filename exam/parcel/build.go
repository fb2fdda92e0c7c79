package parcel

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"emtihan/exam"
	"emtihan/exam/vault"

	"filippo.io/age"
)

// workFactor is the logarithm of the work of scrypt: 64 MiB of memory and some tenths of a second. Since a release key is 100 random bits
// and nobody's choice, it need not be more; a station opens a parcel with every seat waiting.
const workFactor = 16

// testOnlyWorkFactor is what Build uses: tests that are not about it make it small.
var testOnlyWorkFactor = workFactor

// BuildOptions say what a parcel says of itself.
type BuildOptions struct {
	ID       string // empty: the paper's id
	From     time.Time
	Until    time.Time
	Made     time.Time
	Key      vault.Key               // NCT's signing key
	Progress func(done, total int64) // bytes encrypted; may be nil
}

// Build seals an exam. It returns what the parcel says of itself and the release key, which is nowhere else. The content is held in memory,
// as it is and encrypted. Errors are w's, those of [Check], or plain ones about the options.
func Build(w io.Writer, s Source, opt BuildOptions) (*Outer, ReleaseKey, error) {
	fail := func(err error) (*Outer, ReleaseKey, error) { return nil, ReleaseKey{}, err }
	if opt.Key.Signer() == nil {
		return fail(fmt.Errorf("exam parcel: %w: it is empty", vault.ErrKey))
	}
	if n := s.size(); n > DefaultMaxBytes-maxText {
		return fail(refuse(CodeTooLarge, "the exam has %d bytes, and no reader takes more than %d", n, DefaultMaxBytes-maxText))
	}
	c, err := Check(s)
	if err != nil {
		return fail(err)
	}
	o := &Outer{
		ID: opt.ID, Paper: c.Paper.ID, Profile: c.Profile.ID, Languages: c.Paper.Languages, Title: make(exam.Text),
		From: opt.From.UTC().Truncate(time.Second), Until: opt.Until.UTC().Truncate(time.Second), Made: opt.Made.UTC().Truncate(time.Second),
		Media: len(s.Media), Bytes: 1, Key: opt.Key.Public(),
	}
	if o.ID == "" {
		o.ID = c.Paper.ID
	}
	for _, l := range o.Languages {
		o.Title[l] = c.Paper.Title[l]
	}
	for _, b := range c.Paper.Blocks {
		o.Blocks = append(o.Blocks, BlockSize{ID: b.ID, Tasks: len(b.Items)})
	}
	if err := o.check(); err != nil {
		return fail(fmt.Errorf("exam parcel: %w", err))
	}
	key := NewReleaseKey()
	content, err := s.encrypt(o.ID, key, opt.Progress)
	if err != nil {
		return fail(err)
	}
	o.Release, o.Bytes, o.Digest = key.tag(o.ID), int64(len(content)), sha256.Sum256(content)
	msg, err := o.signed(opt.Key)
	if err != nil {
		return fail(fmt.Errorf("exam parcel: %w", err))
	}
	if len(msg) > maxNote {
		return fail(fmt.Errorf("exam parcel: what it says of itself has %d bytes, more than %d", len(msg), maxNote))
	}
	head := binary.BigEndian.AppendUint32(append([]byte(magic), version), uint32(len(msg)))
	for _, part := range [...][]byte{head, msg, content} {
		if _, err := w.Write(part); err != nil {
			return fail(err)
		}
	}
	return o, key, nil
}

// size returns how many bytes the files have together.
func (s Source) size() int64 {
	n := int64(len(s.Profile) + len(s.Paper))
	for _, data := range s.Media {
		n += int64(len(data))
	}
	return n
}

func (s Source) encrypt(id string, key ReleaseKey, progress func(done, total int64)) ([]byte, error) {
	total := s.size()
	recipient, err := age.NewScryptRecipient(key.Text())
	if err != nil {
		return nil, fmt.Errorf("exam parcel: %w", err)
	}
	recipient.SetWorkFactor(testOnlyWorkFactor)
	var out bytes.Buffer
	out.Grow(int(total + total/2048 + 64<<10)) // a little more than age adds: 16 bytes to each 64 KiB
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return nil, fmt.Errorf("exam parcel: %w", err)
	}
	err = s.pack(&counter{w: w, total: total, progress: progress}, id)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("exam parcel: %w", err)
	}
	return out.Bytes(), nil
}

// counter passes large parts on in pieces and says how far it is.
type counter struct {
	w           io.Writer
	done, total int64
	progress    func(done, total int64)
}

func (c *counter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		k, err := c.w.Write(p[:min(len(p), 1<<20)])
		n += k
		if err != nil {
			return n, err
		}
		p = p[k:]
		if c.done += int64(k); c.progress != nil {
			c.progress(min(c.done, c.total), c.total)
		}
	}
	return n, nil
}
