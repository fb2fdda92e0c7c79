package roster

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/exam/vault"

	"filippo.io/age"
	"github.com/BurntSushi/toml"
	"golang.org/x/mod/sumdb/note"
)

// A packed list is what stations take candidates from: signed by NCT, and encrypted for the computers of one centre, since it has
// names, IINs and photos (R8, R27). docs/exam-package.md has the format.
const (
	packMagic   = "EMROSTR\r\n"
	packVersion = 1
	packOrigin  = "emtihan-roster-1"
	packDomain  = "emtihan roster content, 1\x00"
	packTime    = "2006-01-02T15:04:05Z"

	maxPackNote   = 1 << 14
	maxPackBytes  = 512 << 20
	maxPackList   = 16 << 20
	maxPackPhoto  = 16 << 20
	maxPackPhotos = 20_000
	maxPhotoName  = 255
)

// PackCode says what is wrong with a packed list, one for each way to go wrong.
type PackCode string

// The codes, in the order of the checks.
const (
	PackNotRoster   PackCode = "not-roster"   // the file does not begin like one
	PackVersion     PackCode = "version"      // of another version of the format
	PackCutOff      PackCode = "cut-off"      // it ends before it is complete
	PackTooLarge    PackCode = "too-large"    // more bytes than any list has
	PackChanged     PackCode = "changed"      // a bit of it is not as it was signed, or something follows it
	PackOtherSigner PackCode = "other-signer" // whole, and signed with a key that was not asked for
	PackNotYet      PackCode = "not-yet"      // its time has not come
	PackExpired     PackCode = "expired"      // its time is over
	PackOtherPlace  PackCode = "other-session"
	PackLocked      PackCode = "locked"  // the identity is none that it was encrypted for
	PackContent     PackCode = "content" // decrypted, and no list that this version reads
)

// PackCodes returns every code.
func PackCodes() []PackCode {
	return []PackCode{
		PackNotRoster, PackVersion, PackCutOff, PackTooLarge, PackChanged, PackOtherSigner, PackNotYet, PackExpired, PackOtherPlace, PackLocked, PackContent,
	}
}

// PackError says why a packed list is refused.
type PackError struct {
	Code PackCode
	Why  string // one English clause
}

func (e *PackError) Error() string { return "list of candidates: " + e.Why }

// PackErrorCode returns the code of an error of a packed list, or "" for any other.
func PackErrorCode(err error) PackCode {
	var e *PackError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func packRefuse(code PackCode, format string, args ...any) error {
	return &PackError{Code: code, Why: fmt.Sprintf(format, args...)}
}

// PackOuter is what a packed list says to everybody, signed. It names nobody.
type PackOuter struct {
	Session    string // id of the session, [a-z0-9-]{1,32}
	Room       string
	From       time.Time // UTC, whole seconds
	Until      time.Time
	Made       time.Time
	Candidates int
	Photos     int
	Bytes      int64 // of the encrypted content
	Digest     [32]byte
	Key        vault.PublicKey // that signed
}

// At returns nil, or a *PackError with PackNotYet or PackExpired.
func (o *PackOuter) At(now time.Time) error {
	switch {
	case now.Before(o.From):
		return packRefuse(PackNotYet, "it is valid from %s", o.From.Format(packTime))
	case now.After(o.Until):
		return packRefuse(PackExpired, "it was valid until %s", o.Until.Format(packTime))
	}
	return nil
}

func (o *PackOuter) text() string {
	return fmt.Sprintf("%s\nsession %s\nroom %s\nfrom %s\nuntil %s\nmade %s\ncandidates %d\nphotos %d\nbytes %d\ndigest %x\nkey %s\n",
		packOrigin, o.Session, strconv.Quote(o.Room), o.From.UTC().Format(packTime), o.Until.UTC().Format(packTime), o.Made.UTC().Format(packTime),
		o.Candidates, o.Photos, o.Bytes, o.Digest, o.Key)
}

func parsePackOuter(text string) (*PackOuter, error) {
	bad := packRefuse(PackChanged, "its outer part is not as this version writes it")
	lines := strings.Split(text, "\n")
	words := []string{"session", "room", "from", "until", "made", "candidates", "photos", "bytes", "digest", "key"}
	if len(lines) != len(words)+2 || lines[0] != packOrigin || lines[len(lines)-1] != "" {
		return nil, bad
	}
	value := make(map[string]string)
	for i, w := range words {
		v, ok := strings.CutPrefix(lines[i+1], w+" ")
		if !ok {
			return nil, bad
		}
		value[w] = v
	}
	o := &PackOuter{Session: value["session"]}
	var errs []error
	date := func(word string) time.Time {
		t, err := time.Parse(packTime, value[word])
		errs = append(errs, err)
		return t
	}
	number := func(word string) int64 {
		n, err := strconv.ParseInt(value[word], 10, 62)
		errs = append(errs, err)
		return n
	}
	var err error
	o.Room, err = strconv.Unquote(value["room"])
	errs = append(errs, err)
	o.From, o.Until, o.Made = date("from"), date("until"), date("made")
	o.Candidates, o.Photos, o.Bytes = int(number("candidates")), int(number("photos")), number("bytes")
	sum, err := hex.DecodeString(value["digest"])
	errs = append(errs, err)
	if len(sum) != len(o.Digest) {
		return nil, bad
	}
	o.Digest = [32]byte(sum)
	o.Key, err = vault.ParsePublicKey(value["key"])
	errs = append(errs, err)
	if errors.Join(errs...) != nil || o.Bytes < 1 || o.text() != text {
		return nil, bad
	}
	return o, nil
}

// PackOptions say for whom a list is packed.
type PackOptions struct {
	From, Until, Made time.Time
	Key               vault.Key // NCT's signing key
	Recipients        []string  // age recipients of the centre's computers, at least one
}

// Pack signs and encrypts the candidates of a session, and their photos by the names that the candidates have. Errors are w's, or name
// what is wrong with the session, the photos or the options.
func Pack(w io.Writer, s *exam.Session, photos map[string][]byte, opt PackOptions) (*PackOuter, error) {
	if opt.Key.Signer() == nil {
		return nil, fmt.Errorf("list of candidates: %w: it is empty", vault.ErrKey)
	}
	if len(s.Candidates) == 0 {
		return nil, errors.New("list of candidates: the session has none")
	}
	for _, c := range s.Candidates {
		if _, ok := photos[c.Photo]; !ok {
			return nil, fmt.Errorf("list of candidates: the photo %q is missing", c.Photo)
		}
	}
	if opt.Until.Before(opt.From) {
		return nil, errors.New("list of candidates: it ends before it begins")
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.Join(opt.Recipients, "\n")))
	if err != nil {
		return nil, fmt.Errorf("list of candidates: recipients: %w", err)
	}
	second := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
	o := &PackOuter{
		Session: s.ID, Room: s.Room, From: second(opt.From), Until: second(opt.Until), Made: second(opt.Made),
		Candidates: len(s.Candidates), Photos: len(photos), Key: opt.Key.Public(),
	}
	var content bytes.Buffer
	enc, err := age.Encrypt(&content, recipients...)
	if err != nil {
		return nil, fmt.Errorf("list of candidates: %w", err)
	}
	plain, err := packPlain(s, photos)
	if err != nil {
		return nil, err
	}
	if _, err := enc.Write(plain); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	o.Bytes, o.Digest = int64(content.Len()), sha256.Sum256(content.Bytes())
	msg, err := note.Sign(&note.Note{Text: o.text()}, opt.Key.Signer())
	if err != nil {
		return nil, fmt.Errorf("list of candidates: %w", err)
	}
	head := binary.BigEndian.AppendUint32(append([]byte(packMagic), packVersion), uint32(len(msg)))
	for _, part := range [...][]byte{head, msg, content.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// packPlain writes domain ‖ session ‖ list ‖ photos; each part is its length, in 8 bytes, and its bytes.
func packPlain(s *exam.Session, photos map[string][]byte) ([]byte, error) {
	var list struct {
		Candidates []line `toml:"candidates"`
	}
	for _, c := range s.Candidates {
		list.Candidates = append(list.Candidates, line(c))
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(list); err != nil {
		return nil, fmt.Errorf("list of candidates: %w", err)
	}
	out := []byte(packDomain)
	part := func(data []byte) { out = append(binary.BigEndian.AppendUint64(out, uint64(len(data))), data...) }
	part([]byte(s.ID))
	part(text.Bytes())
	for _, name := range slices.Sorted(maps.Keys(photos)) {
		if len(name) > maxPhotoName || len(photos[name]) > maxPackPhoto {
			return nil, fmt.Errorf("list of candidates: the photo %.40q is too large, or its name too long", name)
		}
		part([]byte(name))
		part(photos[name])
	}
	if len(photos) > maxPackPhotos || len(out) > maxPackBytes-1<<20 {
		return nil, fmt.Errorf("list of candidates: %d photos and %d bytes are more than a list has", len(photos), len(out))
	}
	return out, nil
}

// Packed is a list that was opened. It is in memory only.
type Packed struct {
	Outer      *PackOuter
	Candidates []exam.Candidate
	Photos     map[string][]byte
}

// InspectPack checks what can be checked without an identity: signature, signer (none: any), wholeness. It returns what the list says of
// itself and its encrypted content. Errors are r's, or [*PackError]s.
func InspectPack(r io.Reader, keys []vault.PublicKey) (*PackOuter, []byte, error) {
	begin := make([]byte, len(packMagic)+1+4)
	n, err := io.ReadFull(r, begin)
	if got := begin[:min(n, len(packMagic))]; len(got) == 0 || string(got) != packMagic[:len(got)] {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, nil, err
		}
		return nil, nil, packRefuse(PackNotRoster, "the file does not begin like one")
	}
	if n > len(packMagic) && begin[len(packMagic)] != packVersion {
		return nil, nil, packRefuse(PackVersion, "it has format version %d; this program reads version %d", begin[len(packMagic)], packVersion)
	}
	if err != nil {
		return nil, nil, packShort(err)
	}
	length := binary.BigEndian.Uint32(begin[len(packMagic)+1:])
	if length == 0 || length > maxPackNote {
		return nil, nil, packRefuse(PackChanged, "its outer part says that it has %d bytes", length)
	}
	msg := make([]byte, length)
	if _, err := io.ReadFull(r, msg); err != nil {
		return nil, nil, packShort(err)
	}
	o, err := openPackNote(msg)
	if err != nil {
		return nil, nil, err
	}
	if o.Bytes > maxPackBytes {
		return nil, nil, packRefuse(PackTooLarge, "its content has %d bytes, more than %d", o.Bytes, maxPackBytes)
	}
	var content bytes.Buffer // grows with what is really there: a cut file that promises much takes no memory
	got, err := io.Copy(&content, io.LimitReader(r, o.Bytes+1))
	switch {
	case err != nil:
		return nil, nil, err
	case got < o.Bytes:
		return nil, nil, packShort(io.ErrUnexpectedEOF)
	case got > o.Bytes:
		return nil, nil, packRefuse(PackChanged, "something follows its content")
	case sha256.Sum256(content.Bytes()) != o.Digest:
		return nil, nil, packRefuse(PackChanged, "its content is not the one that was signed")
	case len(keys) > 0 && !slices.Contains(keys, o.Key):
		return o, nil, packRefuse(PackOtherSigner, "it is signed by %s, fingerprint %s, which is none of the expected keys", o.Key, o.Key.Fingerprint())
	}
	return o, content.Bytes(), nil
}

func openPackNote(msg []byte) (*PackOuter, error) {
	bad := packRefuse(PackChanged, "the signature does not fit its outer part")
	at := strings.LastIndex(string(msg), "\n\n")
	if at < 0 {
		return nil, bad
	}
	o, err := parsePackOuter(string(msg[:at+1]))
	if err != nil {
		return nil, err
	}
	verifier, err := o.Key.Verifier()
	if err != nil {
		return nil, bad
	}
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return nil, bad
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || o.text()+"\n— "+n.Sigs[0].Name+" "+base64.StdEncoding.EncodeToString(raw)+"\n" != string(msg) {
		return nil, bad
	}
	return o, nil
}

// OpenPack opens a packed list for a session (empty: any) with the identities of an age identity file. Keys of NCT must be given; a zero
// now asks nothing of the date.
func OpenPack(r io.Reader, session string, keys []vault.PublicKey, now time.Time, identityFile []byte) (*Packed, error) {
	if len(keys) == 0 {
		return nil, errors.New("list of candidates: no key of NCT is given; nothing is opened that anybody may have signed")
	}
	o, content, err := InspectPack(r, keys)
	if err != nil {
		return nil, err
	}
	if !now.IsZero() {
		if err := o.At(now); err != nil {
			return nil, err
		}
	}
	if session != "" && o.Session != session {
		return nil, packRefuse(PackOtherPlace, "it is of the session %s, not of %s", o.Session, session)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(identityFile))
	if err != nil {
		return nil, packRefuse(PackLocked, "the identity file of this computer cannot be read")
	}
	plain, err := age.Decrypt(bytes.NewReader(content), identities...)
	if wrong := (*age.NoIdentityMatchError)(nil); errors.As(err, &wrong) {
		return nil, packRefuse(PackLocked, "it was not made for this computer")
	} else if err != nil {
		return nil, packRefuse(PackContent, "it is not encrypted as this version encrypts")
	}
	data, err := io.ReadAll(io.LimitReader(plain, maxPackBytes+1))
	if err != nil {
		return nil, packRefuse(PackContent, "it cannot be decrypted to its end")
	}
	return unpackPlain(o, data)
}

// IdentityFile is the name of the centre's identity file among a computer's credentials, or in its data folder.
const IdentityFile = "roster.key"

// LoadSession returns the session of a file, with the candidates and photos of the list that it names. Photos is nil where it names none: they
// lie beside the file then. Keys is the folder of credentials (empty: $CREDENTIALS_DIRECTORY; "-": none), data the computer's data folder. The
// list's dates are not compared: see [PackOuter.At]. Errors are [exam.ParseSession]'s, [*PackError]s, or those of the files.
func LoadSession(path, keys, data string) (s *exam.Session, list *Packed, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if s, err = exam.ParseSession(text); err != nil || s.Roster == "" {
		return s, nil, err
	}
	var signers []vault.PublicKey
	for i, line := range s.Signers {
		key, err := vault.ParsePublicKey(line)
		if err != nil {
			return nil, nil, fmt.Errorf("session: nct_signers, key %d: %w", i+1, err)
		}
		signers = append(signers, key)
	}
	identity, err := readIdentity(keys, data)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(filepath.Join(filepath.Dir(path), s.Roster))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // only read from
	if list, err = OpenPack(f, s.ID, signers, time.Time{}, identity); err != nil {
		return nil, nil, err
	}
	s, err = s.WithCandidates(list.Candidates)
	return s, list, err
}

func readIdentity(keys, data string) ([]byte, error) {
	if keys == "" {
		keys = os.Getenv("CREDENTIALS_DIRECTORY")
	}
	if keys != "" && keys != "-" {
		text, err := os.ReadFile(filepath.Join(keys, IdentityFile))
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return os.ReadFile(filepath.Join(data, IdentityFile))
}

func unpackPlain(o *PackOuter, data []byte) (*Packed, error) {
	bad := func(why string) error { return packRefuse(PackContent, "what was decrypted is no list: %s", why) }
	rest, ok := bytes.CutPrefix(data, []byte(packDomain))
	if !ok {
		return nil, bad("it does not begin like one")
	}
	part := func(most uint64) ([]byte, error) {
		if len(rest) < 8 {
			return nil, bad("it ends before it is complete")
		}
		n := binary.BigEndian.Uint64(rest)
		if n > most || n > uint64(len(rest)-8) {
			return nil, bad(fmt.Sprintf("a part says that it has %d bytes", n))
		}
		p := rest[8 : 8+n]
		rest = rest[8+n:]
		return p, nil
	}
	id, err := part(64)
	if err != nil {
		return nil, err
	}
	if string(id) != o.Session {
		return nil, bad("it is of another session")
	}
	text, err := part(maxPackList)
	if err != nil {
		return nil, err
	}
	var list struct {
		Candidates []line `toml:"candidates"`
	}
	meta, err := toml.Decode(string(text), &list)
	if err != nil || len(meta.Undecoded()) > 0 {
		return nil, bad("the candidates are not as this version writes them")
	}
	p := &Packed{Outer: o, Photos: make(map[string][]byte)}
	for _, c := range list.Candidates {
		p.Candidates = append(p.Candidates, exam.Candidate(c))
	}
	for last := ""; len(rest) > 0; {
		name, err := part(maxPhotoName)
		if err != nil {
			return nil, err
		}
		photo, err := part(maxPackPhoto)
		if err != nil {
			return nil, err
		}
		if string(name) <= last && len(p.Photos) > 0 {
			return nil, bad("photos do not stand in their order")
		}
		last = string(name)
		p.Photos[last] = photo
	}
	if len(p.Candidates) != o.Candidates || len(p.Photos) != o.Photos {
		return nil, bad("it has not as many candidates and photos as it says")
	}
	return p, nil
}

func packShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return packRefuse(PackCutOff, "the file ends before it is complete")
	}
	return err
}
