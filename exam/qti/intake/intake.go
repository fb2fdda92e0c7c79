// Package intake opens what somebody hands in, a zip archive or a folder, as a set of named files under limits, so that the
// reader behind it never sees a path that leaves the package, a link, or more bytes than were agreed.
package intake

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Limits bound a package. A field that is 0 takes the default.
type Limits struct {
	Files      int   // entries; default 20 000
	FileBytes  int64 // of one file, unpacked; default 256 MiB
	TotalBytes int64 // of all files, unpacked; default 2 GiB
	Ratio      int64 // unpacked to packed bytes of one file, and of the whole; default 200
	FreeBytes  int64 // below so many unpacked bytes Ratio does not count; default 4 MiB
	NameBytes  int   // of one name; default 500
	NameDepth  int   // folders in a name; default 32
}

// The defaults of [Limits].
const (
	DefaultFiles      = 20_000
	DefaultFileBytes  = 256 << 20
	DefaultTotalBytes = 2 << 30
	DefaultRatio      = 200
	DefaultFreeBytes  = 4 << 20
	DefaultNameBytes  = 500
	DefaultNameDepth  = 32
)

func (l Limits) filled() Limits {
	l.Files = cmp.Or(max(l.Files, 0), DefaultFiles)
	l.FileBytes = cmp.Or(max(l.FileBytes, 0), DefaultFileBytes)
	l.TotalBytes = cmp.Or(max(l.TotalBytes, 0), DefaultTotalBytes)
	l.Ratio = cmp.Or(max(l.Ratio, 0), DefaultRatio)
	l.FreeBytes = cmp.Or(max(l.FreeBytes, 0), DefaultFreeBytes)
	l.NameBytes = cmp.Or(max(l.NameBytes, 0), DefaultNameBytes)
	l.NameDepth = cmp.Or(max(l.NameDepth, 0), DefaultNameDepth)
	return l
}

// Reason says why a package was refused.
type Reason string

// The reasons.
const (
	Damaged   Reason = "damaged"   // the archive or a file in it cannot be read
	TooMuch   Reason = "too much"  // a limit is exceeded
	BadName   Reason = "bad name"  // a name leaves the package, or is none
	Link      Reason = "link"      // a symbolic link, a device, a pipe
	Ambiguous Reason = "ambiguous" // two entries with one name, or entries that share bytes
	Encrypted Reason = "encrypted"
	Missing   Reason = "missing" // a file that is not there was asked for
)

// Error is a refusal.
type Error struct {
	Reason Reason
	Name   string // of the entry, empty for the package
	Text   string
}

func (e *Error) Error() string {
	if e.Name == "" {
		return e.Text
	}
	return fmt.Sprintf("%q: %s", shorten(e.Name), e.Text)
}

func shorten(s string) string {
	r := []rune(s)
	if len(r) <= 80 {
		return s
	}
	return string(r[:80]) + "…"
}

func refuse(reason Reason, name, format string, args ...any) error {
	return &Error{Reason: reason, Name: name, Text: fmt.Sprintf(format, args...)}
}

// Source is an opened package.
type Source struct {
	limits Limits
	files  map[string]file // by name
	folded map[string][]string
	close  func() error

	Remarks []string // what was read under an assumption
}

type file struct {
	size int64
	open func() (io.ReadCloser, error)
}

// Zip opens an archive. All entries are checked before any is unpacked.
func Zip(r io.ReaderAt, size int64, limits Limits) (*Source, error) {
	limits = limits.filled()
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, refuse(Damaged, "", "the file is no readable zip archive, or a truncated one: %v", err)
	}
	s := &Source{limits: limits, files: make(map[string]file)}
	if len(z.File) > limits.Files {
		return nil, refuse(TooMuch, "", "the archive has %d entries, more than %d", len(z.File), limits.Files)
	}
	var total int64
	for _, f := range z.File {
		if err := s.entry(f, &total); err != nil {
			return nil, err
		}
	}
	if total > limits.FreeBytes && total/limits.Ratio > size {
		return nil, refuse(TooMuch, "", "the archive unpacks %d bytes to %d, more than %d times", size, total, limits.Ratio)
	}
	if err := apart(z.File, size); err != nil {
		return nil, err
	}
	s.fold()
	return s, nil
}

func (s *Source) entry(f *zip.File, total *int64) error {
	name := f.Name
	if !utf8.ValidString(name) {
		// Archives made by Windows' own packer carry names in the console's code page.
		decoded, err := charmap.CodePage866.NewDecoder().String(name)
		if err != nil {
			return refuse(BadName, name, "the name is in no known encoding")
		}
		name = decoded
		s.Remarks = append(s.Remarks, fmt.Sprintf("a name in the archive is not in UTF-8; it was read as %q", shorten(name)))
	}
	if strings.Contains(name, `\`) {
		name = strings.ReplaceAll(name, `\`, "/")
	}
	folder := strings.HasSuffix(name, "/")
	clean, err := s.limits.name(strings.TrimSuffix(name, "/"))
	if err != nil {
		return err
	}
	mode := f.Mode()
	switch {
	case mode&fs.ModeSymlink != 0:
		return refuse(Link, name, "the entry is a symbolic link")
	case mode&fs.ModeType&^fs.ModeDir != 0:
		return refuse(Link, name, "the entry is no ordinary file")
	case folder || mode.IsDir():
		return nil
	case f.Flags&1 != 0:
		return refuse(Encrypted, name, "the entry is encrypted with a password")
	}
	if _, twice := s.files[clean]; twice {
		return refuse(Ambiguous, name, "the archive has two entries with this name")
	}
	if f.UncompressedSize64 > uint64(s.limits.FileBytes) {
		return refuse(TooMuch, name, "the file has %d bytes, more than %d", f.UncompressedSize64, s.limits.FileBytes)
	}
	size := int64(f.UncompressedSize64)
	if *total += size; *total > s.limits.TotalBytes {
		return refuse(TooMuch, "", "the files have more than %d bytes together", s.limits.TotalBytes)
	}
	if size > s.limits.FreeBytes && uint64(size/s.limits.Ratio) > f.CompressedSize64 {
		return refuse(TooMuch, name, "the file unpacks %d bytes to %d, more than %d times", f.CompressedSize64, size, s.limits.Ratio)
	}
	s.files[clean] = file{size: size, open: f.Open}
	return nil
}

// apart checks that no two entries share bytes of the archive, which only bombs do.
func apart(files []*zip.File, size int64) error {
	type span struct {
		from, to int64
		name     string
	}
	var spans []span
	for _, f := range files {
		if f.UncompressedSize64 == 0 {
			continue
		}
		from, err := f.DataOffset()
		if err != nil {
			return refuse(Damaged, f.Name, "the entry's head cannot be read: %v", err)
		}
		if f.CompressedSize64 > uint64(size) || from+int64(f.CompressedSize64) > size {
			return refuse(Damaged, f.Name, "the entry reaches beyond the end of the archive")
		}
		spans = append(spans, span{from, from + int64(f.CompressedSize64), f.Name})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return refuse(Ambiguous, spans[i].name, "the entry shares bytes with %q", shorten(spans[i-1].name))
		}
	}
	return nil
}

// name checks a name and returns it without "." and doubled slashes.
func (l Limits) name(name string) (string, error) {
	switch {
	case name == "":
		return "", refuse(BadName, name, "an entry has no name")
	case len(name) > l.NameBytes:
		return "", refuse(TooMuch, name, "the name has %d bytes, more than %d", len(name), l.NameBytes)
	case strings.Count(name, "/") > l.NameDepth:
		return "", refuse(TooMuch, name, "the name has more than %d folders", l.NameDepth)
	case strings.HasPrefix(name, "/"), len(name) >= 2 && name[1] == ':':
		return "", refuse(BadName, name, "the name is absolute")
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "", refuse(BadName, name, "the name leads out of the package")
	case strings.IndexFunc(name, unicode.IsControl) >= 0:
		return "", refuse(BadName, name, "the name has control characters")
	}
	return path.Clean(name), nil
}

// Dir opens a folder. Links inside it are refused, never followed.
func Dir(folder string, limits Limits) (*Source, error) {
	s := &Source{limits: limits.filled(), files: make(map[string]file)}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, refuse(Damaged, "", "the folder cannot be opened: %v", err)
	}
	s.close = root.Close
	entries := 0
	var total int64
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return refuse(Damaged, name, "cannot be read: %v", err)
		}
		if name == "." {
			return nil
		}
		if entries++; entries > s.limits.Files {
			return refuse(TooMuch, "", "the folder has more than %d entries", s.limits.Files)
		}
		clean, err := s.limits.name(name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return refuse(Damaged, name, "cannot be read: %v", err)
		}
		if !info.Mode().IsRegular() {
			return refuse(Link, name, "is a link or no ordinary file")
		}
		if info.Size() > s.limits.FileBytes {
			return refuse(TooMuch, name, "the file has %d bytes, more than %d", info.Size(), s.limits.FileBytes)
		}
		if total += info.Size(); total > s.limits.TotalBytes {
			return refuse(TooMuch, "", "the files have more than %d bytes together", s.limits.TotalBytes)
		}
		s.files[clean] = file{size: info.Size(), open: func() (io.ReadCloser, error) { return root.Open(filepath.FromSlash(name)) }}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	s.fold()
	return s, nil
}

// Files opens a set of files that are in memory.
func Files(files map[string][]byte, limits Limits) (*Source, error) {
	s := &Source{limits: limits.filled(), files: make(map[string]file)}
	var total int64
	for name, data := range files {
		clean, err := s.limits.name(name)
		if err != nil {
			return nil, err
		}
		total += int64(len(data))
		s.files[clean] = file{size: int64(len(data)), open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	}
	if len(files) > s.limits.Files || total > s.limits.TotalBytes {
		return nil, refuse(TooMuch, "", "%d files with %d bytes are more than %d with %d", len(files), total, s.limits.Files, s.limits.TotalBytes)
	}
	s.fold()
	return s, nil
}

func (s *Source) fold() {
	s.folded = make(map[string][]string, len(s.files))
	for name := range s.files {
		low := strings.ToLower(name)
		s.folded[low] = append(s.folded[low], name)
	}
}

// Close releases what the source holds open. Files cannot be read afterwards.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// Names returns the names of all files in order.
func (s *Source) Names() []string { return slices.Sorted(maps.Keys(s.files)) }

// Find looks for a name. If only a name that differs in upper and lower case is there, it is returned with exact false; where
// there are several such, none is.
func (s *Source) Find(name string) (found string, exact, ok bool) {
	if _, ok := s.files[name]; ok {
		return name, true, true
	}
	if alike := s.folded[strings.ToLower(name)]; len(alike) == 1 {
		return alike[0], false, true
	}
	return "", false, false
}

// Size returns the unpacked size of a file in bytes, as the package states it.
func (s *Source) Size(name string) int64 { return s.files[name].size }

// Open opens a file. Reading more bytes than the package stated for it is an error.
func (s *Source) Open(name string) (io.ReadCloser, error) {
	f, ok := s.files[name]
	if !ok {
		return nil, refuse(Missing, name, "the file is not in the package")
	}
	in, err := f.open()
	if err != nil {
		return nil, refuse(Damaged, name, "cannot be unpacked: %v", err)
	}
	return &bounded{in: in, left: f.size, name: name}, nil
}

type bounded struct {
	in   io.ReadCloser
	left int64
	name string
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, refuse(TooMuch, b.name, "the file is larger than the package says")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = refuse(Damaged, b.name, "cannot be unpacked: %v", err)
	}
	return n, err
}

func (b *bounded) Close() error { return b.in.Close() }

// Read returns the content of a file of at most limit bytes.
func (s *Source) Read(name string, limit int64) ([]byte, error) {
	f, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	size := s.Size(name)
	if size > limit {
		return nil, refuse(TooMuch, name, "the file has %d bytes, more than %d", size, limit)
	}
	data := make([]byte, 0, size+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, 512)
		}
	}
	if int64(len(data)) < size {
		return nil, refuse(Damaged, name, "the file has %d bytes, fewer than the package says (%d)", len(data), size)
	}
	return data, nil
}
