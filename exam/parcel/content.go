package parcel

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // to measure pictures
	_ "image/png"  // to measure pictures
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"emtihan/exam"
)

// Source is an exam as its files say it.
type Source struct {
	Profile []byte            // see [exam.ParseProfile]
	Paper   []byte            // see [exam.ParsePaper]
	Media   map[string][]byte // by the file name that the paper has for them
}

// Content is an exam that was opened. It is in memory only.
type Content struct {
	Outer   *Outer
	Profile *exam.Profile
	Paper   *exam.Paper
	Source  Source // the files themselves; not to be changed
}

// Medium returns the file of the paper's medium with the id, or nil.
func (c *Content) Medium(id string) []byte {
	if m := c.Paper.Medium(id); m != nil {
		return c.Source.Media[m.File]
	}
	return nil
}

// The limits of what is in a parcel.
const (
	maxText   = 8 << 20 // bytes of the profile, and of the paper
	maxMedia  = 2000
	maxMedium = 256 << 20  // bytes
	maxPixels = 40_000_000 // of a picture
	maxSide   = 16_384     // of a picture
)

// Check reads an exam and holds its media against the paper: everyone is there, has the digest that the paper states, and begins like a
// picture or sound of the kinds that stations show; nothing else is there. Errors are [*Error]s with CodeContent, CodeMissing or
// CodeDifferent; all media that are wrong are named.
func Check(s Source) (*Content, error) {
	if len(s.Profile) > maxText || len(s.Paper) > maxText {
		return nil, refuse(CodeContent, "the profile has %d bytes and the paper %d, more than %d", len(s.Profile), len(s.Paper), maxText)
	}
	profile, err := exam.ParseProfile(s.Profile)
	if err != nil {
		return nil, refuse(CodeContent, "%v", err)
	}
	paper, err := exam.ParsePaper(s.Paper)
	if err != nil {
		return nil, refuse(CodeContent, "%v", err)
	}
	code := CodeContent
	var wrong []string
	bad := func(c Code, format string, args ...any) {
		if len(wrong) == 0 {
			code = c
		}
		wrong = append(wrong, fmt.Sprintf(format, args...))
	}
	named := make(map[string]bool)
	for i := range paper.Media {
		m := &paper.Media[i]
		named[m.File] = true
		data, ok := s.Media[m.File]
		if !ok {
			bad(CodeMissing, "the medium %q (%s) is missing", m.ID, m.File)
			continue
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.SHA256 {
			bad(CodeDifferent, "the medium %q (%s) is not the one that the paper names", m.ID, m.File)
		} else if err := Recognise(m.Kind, data); err != nil {
			bad(CodeContent, "the medium %q (%s): %v", m.ID, m.File, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Media)) {
		if !named[name] {
			bad(CodeContent, "the paper does not name the file %s", name)
		}
	}
	if len(wrong) > 0 {
		return nil, refuse(code, "%s", strings.Join(wrong, "; "))
	}
	return &Content{Profile: profile, Paper: paper, Source: s}, nil
}

// Recognise says why data is no file of the kind, by its beginning; a picture's size is read before anything decodes it.
func Recognise(kind exam.MediumKind, data []byte) error {
	if len(data) > maxMedium {
		return fmt.Errorf("it has %d bytes, more than %d", len(data), maxMedium)
	}
	begins := func(s string) bool { return bytes.HasPrefix(data, []byte(s)) }
	if kind == exam.Sound {
		switch {
		case begins("RIFF") && len(data) >= 12 && string(data[8:12]) == "WAVE", begins("OggS"), begins("ID3"):
			return nil
		case len(data) >= 2 && data[0] == 0xff && data[1]&0xe6 == 0xe2:
			return nil // MPEG audio, layer III
		}
		return errors.New("it is no WAV, MP3 or Ogg file")
	}
	if begins("\x89PNG\r\n\x1a\n") || begins("\xff\xd8\xff") {
		c, _, err := image.DecodeConfig(bytes.NewReader(data))
		switch {
		case err != nil:
			return fmt.Errorf("it begins like a picture and cannot be measured: %w", err)
		case c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels:
			return fmt.Errorf("it has %d × %d pixels; at most %d on a side and %d together are taken", c.Width, c.Height, maxSide, maxPixels)
		}
		return nil
	}
	head := bytes.TrimSpace(bytes.TrimPrefix(data[:min(len(data), 4096)], []byte("\ufeff")))
	if bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("<svg")) {
		for _, mark := range [...]string{"<!ENTITY", "<script", "<foreignObject"} {
			if bytes.Contains(data, []byte(mark)) {
				return fmt.Errorf("it is a drawing with %s in it", mark)
			}
		}
		return nil
	}
	return errors.New("it is no PNG, JPEG or SVG file")
}

// Folder reads an exam from a folder: papers/ID.toml, the paper's media in papers/ID/, and profiles/PROFILE.toml, one of each. Where
// profiles is not there, Source.Profile is nil. unused are the files in the folder that no parcel takes along.
func Folder(folder fs.FS) (s Source, unused []string, err error) {
	papers, err := fs.Glob(folder, "papers/*.toml")
	if err != nil {
		return s, nil, err
	}
	if len(papers) != 1 {
		return s, nil, fmt.Errorf("the folder has %d papers (papers/*.toml), not one", len(papers))
	}
	profiles, err := fs.Glob(folder, "profiles/*.toml")
	if err != nil {
		return s, nil, err
	}
	if len(profiles) > 1 {
		return s, nil, fmt.Errorf("the folder has %d profiles (profiles/*.toml), not one", len(profiles))
	}
	if s.Paper, err = readFile(folder, papers[0], maxText); err != nil {
		return s, nil, err
	}
	used := map[string]bool{papers[0]: true}
	for _, p := range profiles {
		if s.Profile, err = readFile(folder, p, maxText); err != nil {
			return s, nil, err
		}
		used[p] = true
	}
	paper, err := exam.ParsePaper(s.Paper)
	if err != nil {
		return s, nil, refuse(CodeContent, "%v", err)
	}
	if want := "papers/" + paper.ID + ".toml"; papers[0] != want {
		return s, nil, fmt.Errorf("the paper has the id %q and lies in %s, not in %s", paper.ID, papers[0], want)
	}
	s.Media = make(map[string][]byte)
	for _, m := range paper.Media {
		name := path.Join("papers", paper.ID, m.File)
		data, err := readFile(folder, name, maxMedium)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Check names all that are missing at once
		}
		if err != nil {
			return s, nil, err
		}
		s.Media[m.File] = data
		used[name] = true
	}
	err = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !used[name] {
			unused = append(unused, name)
		}
		return err
	})
	return s, unused, err
}

func readFile(folder fs.FS, name string, limit int64) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	if fi.Size() <= limit {
		data.Grow(int(fi.Size()) + bytes.MinRead)
		if _, err = data.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
			return nil, err
		}
	}
	if fi.Size() > limit || int64(data.Len()) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data.Bytes(), nil
}

const innerDomain = "emtihan parcel content, 1\x00"

// The kinds of entries, in the order in which they stand.
const (
	entryProfile = 'F'
	entryPaper   = 'P'
	entryMedium  = 'M'
)

// pack writes the content as it is encrypted.
func (s Source) pack(w io.Writer, id string) error {
	head := append([]byte(innerDomain), byte(len(id)))
	head = append(head, id...)
	head = binary.BigEndian.AppendUint32(head, uint32(2+len(s.Media)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	entry := func(kind byte, name string, data []byte) error {
		h := append([]byte{kind, byte(len(name))}, name...)
		if _, err := w.Write(binary.BigEndian.AppendUint64(h, uint64(len(data)))); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	}
	if err := errors.Join(entry(entryProfile, "", s.Profile), entry(entryPaper, "", s.Paper)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.Media)) {
		if err := entry(entryMedium, name, s.Media[name]); err != nil {
			return err
		}
	}
	return nil
}

// unpack reads what pack wrote, and nothing else. No more than limit bytes are taken.
func unpack(r io.Reader, id string, limit int64) (s Source, err error) {
	broken := func(format string, args ...any) (Source, error) {
		return Source{}, refuse(CodeContent, "what was decrypted is no content: "+format, args...)
	}
	var failed error
	take := func(n int64) []byte {
		if failed == nil && (n < 0 || n > limit) {
			failed = refuse(CodeContent, "what was decrypted is no content: a part says that it has %d bytes, and %d are left", n, limit)
		}
		if failed != nil {
			return nil
		}
		limit -= n
		buf := make([]byte, n)
		if _, failed = io.ReadFull(r, buf); failed != nil {
			return nil
		}
		return buf
	}
	begin := innerDomain + string([]byte{byte(len(id))}) + id
	head := take(int64(len(begin)))
	count := take(4)
	switch {
	case failed != nil:
		return s, ended(failed)
	case string(head) != begin:
		return broken("it is about another parcel or of another version")
	case binary.BigEndian.Uint32(count) < 2 || binary.BigEndian.Uint32(count) > 2+maxMedia:
		return broken("it has %d parts", binary.BigEndian.Uint32(count))
	}
	s.Media = make(map[string][]byte)
	last := ""
	for i := range binary.BigEndian.Uint32(count) {
		kind := take(2)
		if failed != nil {
			return s, ended(failed)
		}
		name := string(take(int64(kind[1])))
		size := take(8)
		if failed != nil {
			return s, ended(failed)
		}
		n := binary.BigEndian.Uint64(size)
		most := uint64(maxText)
		if kind[0] == entryMedium {
			most = maxMedium
		}
		if n > most {
			return broken("part %d says that it has %d bytes, more than %d", i+1, n, most)
		}
		data := take(int64(n))
		if failed != nil {
			return s, ended(failed)
		}
		switch {
		case i == 0 && kind[0] == entryProfile && name == "":
			s.Profile = data
		case i == 1 && kind[0] == entryPaper && name == "":
			s.Paper = data
		case i > 1 && kind[0] == entryMedium && name > last:
			s.Media[name], last = data, name
		default:
			return broken("part %d is none that belongs there", i+1)
		}
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 {
		return broken("something follows it")
	} else if !errors.Is(err, io.EOF) {
		return s, ended(err)
	}
	return s, nil
}

// ended turns the end of the input into an *Error and leaves other errors as they are.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(CodeContent, "what was decrypted is no content: it ends before it is complete")
	}
	return err
}
