package parcel

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"emtihan/exam/vault"

	"filippo.io/age"
)

// Options say what is asked of a parcel.
type Options struct {
	Keys     []vault.PublicKey       // of NCT. [Inspect] compares with nothing where there are none; [Open] needs one
	Now      time.Time               // the date by which it must be valid; zero: its time is not compared
	MaxBytes int64                   // of the encrypted content; default 1 GiB
	Progress func(done, total int64) // bytes of the content that were read; may be nil
}

// DefaultMaxBytes is the default of [Options.MaxBytes]. Opened content takes about as much memory as it has bytes.
const DefaultMaxBytes = 1 << 30

// Inspect checks everything about a parcel that can be checked without its release key. It reads r to its end, with little memory. Errors
// are r's, or [*Error]s; where only the signer or the time is not as asked, what the parcel says is returned with the error.
func Inspect(r io.Reader, opt Options) (*Outer, error) {
	o, _, err := inspect(r, opt)
	return o, err
}

// inspect also returns how many bytes stand before the content.
func inspect(r io.Reader, opt Options) (*Outer, int64, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	begin := make([]byte, len(magic)+1+4)
	n, err := io.ReadFull(in, begin)
	if got := begin[:min(n, len(magic))]; len(got) == 0 || string(got) != magic[:len(got)] {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, 0, err
		}
		return nil, 0, refuse(CodeNotParcel, "the file does not begin like one")
	}
	if n > len(magic) && begin[len(magic)] != version {
		return nil, 0, refuse(CodeVersion, "it has format version %d; this program reads version %d", begin[len(magic)], version)
	}
	if err != nil {
		return nil, 0, short(err)
	}
	length := binary.BigEndian.Uint32(begin[len(magic)+1:])
	if length == 0 || length > maxNote {
		return nil, 0, refuse(CodeChanged, "its outer part says that it has %d bytes, not 1–%d", length, maxNote)
	}
	msg := make([]byte, length)
	if _, err := io.ReadFull(in, msg); err != nil {
		return nil, 0, short(err)
	}
	o, err := openNote(msg)
	if err != nil {
		return nil, 0, err
	}
	most := opt.MaxBytes
	if most <= 0 {
		most = DefaultMaxBytes
	}
	if o.Bytes > most {
		return nil, 0, refuse(CodeTooLarge, "its content has %d bytes, more than %d", o.Bytes, most)
	}
	sum := sha256.New()
	n64, err := io.Copy(&counter{w: sum, total: o.Bytes, progress: opt.Progress}, io.LimitReader(in, o.Bytes))
	if err != nil {
		return nil, 0, err
	}
	if n64 < o.Bytes {
		return nil, 0, short(io.ErrUnexpectedEOF)
	}
	if [32]byte(sum.Sum(nil)) != o.Digest {
		return nil, 0, refuse(CodeChanged, "its content is not the one that was signed")
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, 0, refuse(CodeTrailing, "something follows its content")
	} else if !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if len(opt.Keys) > 0 && !slices.Contains(opt.Keys, o.Key) {
		return o, 0, refuse(CodeOtherSigner, "it is signed by %s, fingerprint %s, which is none of the expected keys", o.Key, o.Key.Fingerprint())
	}
	if !opt.Now.IsZero() {
		if err := o.At(opt.Now); err != nil {
			return o, 0, err
		}
	}
	return o, int64(len(begin)) + int64(length), nil
}

// Open opens a parcel: r is read twice from its beginning, checked first and then decrypted, and what comes out is in memory only. Errors
// are those of [Inspect]; [*Error]s with CodeOtherKey, CodeWrongKey, CodeContent, CodeMissing or CodeDifferent; or a plain one
// where the options name no key of NCT.
func Open(r io.ReadSeeker, key ReleaseKey, opt Options) (*Content, error) {
	if len(opt.Keys) == 0 {
		return nil, errors.New("exam parcel: no key of NCT is given; nothing is opened that anybody may have signed")
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	o, start, err := inspect(r, opt)
	if err != nil {
		return nil, err
	}
	if !o.Fits(key) {
		return nil, refuse(CodeOtherKey, "the release key is another parcel's; the one of %s is asked for", o.ID)
	}
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(key.Text())
	if err != nil {
		return nil, fmt.Errorf("exam parcel: %w", err)
	}
	identity.SetMaxWorkFactor(workFactor)
	sum := sha256.New()
	in := io.TeeReader(io.LimitReader(r, o.Bytes), sum)
	plain, err := age.Decrypt(in, identity)
	if wrong := (*age.NoIdentityMatchError)(nil); errors.As(err, &wrong) {
		return nil, refuse(CodeWrongKey, "the release key does not open it")
	} else if err != nil {
		return nil, refuse(CodeContent, "its content is not encrypted as this version encrypts: %v", err)
	}
	s, err := unpack(plain, o.ID, o.Bytes)
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	if err == nil && [32]byte(sum.Sum(nil)) != o.Digest {
		err = refuse(CodeChanged, "its content changed while it was read")
	}
	if ErrorCode(err) == "" && err != nil {
		err = refuse(CodeContent, "its content cannot be decrypted to its end: %v", err)
	}
	if err != nil {
		return nil, err
	}
	c, err := Check(s)
	if err != nil {
		return nil, err
	}
	if err := o.describes(c); err != nil {
		return nil, err
	}
	c.Outer = o
	return c, nil
}

// describes holds what a parcel says of itself against what is in it.
func (o *Outer) describes(c *Content) error {
	p := c.Paper
	sizes := make([]BlockSize, 0, len(p.Blocks))
	for _, b := range p.Blocks {
		sizes = append(sizes, BlockSize{ID: b.ID, Tasks: len(b.Items)})
	}
	same := slices.Equal(o.Languages, p.Languages) && slices.Equal(o.Blocks, sizes)
	for l, title := range o.Title {
		same = same && p.Title[l] == title
	}
	if !same || o.Paper != p.ID || o.Profile != c.Profile.ID || o.Media != len(c.Source.Media) {
		return refuse(CodeContent, "it says of itself what its content is not")
	}
	return nil
}

// short turns the end of the input into an *Error and leaves other errors as they are.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(CodeCutOff, "the file ends before it is complete")
	}
	return err
}
