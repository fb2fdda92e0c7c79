package roster

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	_ "image/jpeg" // to measure photos
	_ "image/png"  // to measure photos
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// The limits of a photo. A face is recognised by some hundred pixels of it.
const (
	minPhoto      = 200    // pixels on a side
	maxPhoto      = 10_000 // pixels on a side
	maxPhotoBytes = 20 << 20
	maxPhotos     = 200_000 // files in the folder
)

// album is the folder of photos.
type album struct {
	folder fs.FS
	size   map[string]int64
	folded map[string]string // names by their small letters
	rows   map[string]int    // rows by file
	alike  map[int64][]string
}

func openAlbum(folder fs.FS) (*album, error) {
	a := &album{folder: folder, size: make(map[string]int64), folded: make(map[string]string), rows: make(map[string]int), alike: make(map[int64][]string)}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if len(a.size) >= maxPhotos {
			return fmt.Errorf("the folder of photos has more than %d files", maxPhotos)
		}
		a.size[name] = info.Size()
		a.folded[strings.ToLower(name)] = name
		return nil
	})
	return a, err
}

// find returns the candidate's photo and checks it.
func (a *album) find(r *reader, iin string) string {
	text := strings.ReplaceAll(r.cell(Photo).Text, `\`, "/")
	if text == "" {
		return a.byIIN(r, iin)
	}
	name := path.Clean(text)
	if !fs.ValidPath(name) || strings.Contains(text, ":") {
		r.at(Photo, PhotoOutside, text)
		return ""
	}
	if _, ok := a.size[name]; !ok {
		actual, ok := a.folded[strings.ToLower(name)]
		if !ok {
			r.at(Photo, PhotoMissing, text)
			return ""
		}
		r.propose(Photo, PhotoCase, text, actual)
		name = actual
	}
	a.check(r, name)
	return name
}

func (a *album) byIIN(r *reader, iin string) string {
	for _, ending := range [...]string{".jpg", ".jpeg", ".png"} {
		if name, ok := a.folded[strings.ToLower(iin)+ending]; ok && iin != "" {
			if r.has(Photo) {
				r.propose(Photo, PhotoByIIN, "", name)
			}
			a.check(r, name)
			return name
		}
	}
	r.add(Finding{Code: PhotoNone, Row: r.row.Number, Column: r.photoColumn(), Value: iin})
	return ""
}

func (r *reader) photoColumn() string {
	if r.has(Photo) {
		return r.title[r.column[Photo]]
	}
	return ""
}

// check reads a photo once: its form, its size, and whether somebody else has it.
func (a *album) check(r *reader, name string) {
	say := func(code Code, value, other string) {
		r.add(Finding{Code: code, Row: r.row.Number, Column: r.photoColumn(), Value: value, Other: other})
	}
	if first, twice := a.rows[name]; twice {
		say(PhotoTwice, name, strconv.Itoa(first))
		return
	}
	a.rows[name] = r.row.Number
	size := a.size[name]
	if size > maxPhotoBytes {
		say(PhotoSize, fmt.Sprintf("%s: %d MiB", name, size>>20), "")
		return
	}
	data, err := a.read(name)
	if err != nil {
		say(PhotoForm, name, "")
		return
	}
	config, form, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || form != "jpeg" && form != "png" {
		say(PhotoForm, name, "")
		return
	}
	if w, h := config.Width, config.Height; min(w, h) < minPhoto || max(w, h) > maxPhoto {
		say(PhotoSize, fmt.Sprintf("%s: %d × %d", name, w, h), "")
		return
	}
	tail := data[max(0, len(data)-4096):]
	if form == "jpeg" && !bytes.Contains(tail, []byte{0xff, 0xd9}) || form == "png" && !bytes.Contains(tail, []byte("IEND")) {
		say(PhotoCut, name, "")
	}
	sum := sha256.Sum256(data)
	for _, other := range a.alike[size] {
		if before, err := a.read(other); err == nil && sha256.Sum256(before) == sum {
			say(PhotoSame, name, strconv.Itoa(a.rows[other]))
			break
		}
	}
	a.alike[size] = append(a.alike[size], name)
}

func (a *album) read(name string) ([]byte, error) {
	f, err := a.folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	return io.ReadAll(io.LimitReader(f, maxPhotoBytes+1))
}

func (a *album) unused(r *reader) {
	if n := len(a.size) - len(a.rows); n > 0 {
		r.add(Finding{Code: PhotoUnused, Value: strconv.Itoa(n)})
	}
}
