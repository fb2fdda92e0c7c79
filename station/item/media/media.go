// Package media is the pictures and sounds of a paper: their files are checked before an exam begins, so that nothing of a
// task is missing when a candidate comes to it.
package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // a format of pictures
	_ "image/png"  // a format of pictures
	"time"

	"emtihan/devices/sound"
	"emtihan/exam"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/draw"
)

// Limits of one file.
const (
	MaxBytes  = 64 << 20
	MaxPixels = 64 << 20 // of a picture
)

// Set is the media of one paper by their ids.
type Set struct {
	pictures map[string]*Picture
	sounds   map[string]*Sound
}

// Picture returns the picture with the id, or nil.
func (s *Set) Picture(id string) *Picture { return s.pictures[id] }

// Sound returns the sound with the id, or nil.
func (s *Set) Sound(id string) *Sound { return s.sounds[id] }

// Load reads the media of a paper with read, which is given the name of a file, and checks size, digest, and that each can be
// decoded: pictures wholly, and sounds wholly where thorough is set, which takes seconds for an hour of sound. Its error
// holds one sentence for each file with which something is wrong.
func Load(paper *exam.Paper, read func(file string) ([]byte, error), thorough bool) (*Set, error) {
	s := &Set{pictures: make(map[string]*Picture), sounds: make(map[string]*Sound)}
	var wrong []error
	for i := range paper.Media {
		m := &paper.Media[i]
		if err := s.add(m, read, thorough); err != nil {
			wrong = append(wrong, fmt.Errorf("medium %q, file %s/%s: %w", m.ID, paper.ID, m.File, err))
		}
	}
	return s, errors.Join(wrong...)
}

func (s *Set) add(m *exam.Medium, read func(string) ([]byte, error), thorough bool) error {
	data, err := read(m.File)
	if err != nil {
		return err
	}
	if len(data) > MaxBytes {
		return fmt.Errorf("it has %d bytes, more than %d", len(data), MaxBytes)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.SHA256 {
		return fmt.Errorf("it is not the file that the paper means: its SHA-256 is %x, the paper says %s", sum, m.SHA256)
	}
	if m.Kind == exam.Picture {
		s.pictures[m.ID], err = NewPicture(data)
		return err
	}
	snd := &Sound{data: data}
	if thorough {
		snd.Length, err = sound.Check(data)
	} else {
		var src sound.Source
		if src, err = sound.Open(data); err == nil {
			snd.Length = sound.Length(src)
		}
	}
	s.sounds[m.ID] = snd
	return err
}

// Sound is a sound that can be played.
type Sound struct {
	Length time.Duration
	data   []byte
}

// Open returns the sound to be decoded from its beginning.
func (s *Sound) Open() (sound.Source, error) { return sound.Open(s.data) }

// Picture is a picture that can be drawn in any size.
type Picture struct {
	Width, Height float32 // its own size, in the toolkit's measure at 100 %

	data   []byte
	vector *oksvg.SvgIcon // or nil
	drawn  image.Image    // the last drawing
	raster image.Image    // the decoded pixels, once they were needed; nil for a vector
}

// NewPicture checks a PNG, JPEG or SVG file.
func NewPicture(data []byte) (p *Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("the picture is damaged: %v", r)
		}
	}()
	p = &Picture{data: data}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		if looksLikeSVG(data) {
			return p, p.readSVG()
		}
		return nil, fmt.Errorf("it is no PNG, JPEG or SVG that can be read: %w", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width*config.Height > MaxPixels {
		return nil, fmt.Errorf("the picture has %d×%d pixels, more than %d or none", config.Width, config.Height, MaxPixels)
	}
	if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("the picture is damaged: %w", err)
	}
	p.Width, p.Height = float32(config.Width), float32(config.Height)
	return p, nil
}

func looksLikeSVG(data []byte) bool {
	head := data[:min(len(data), 1024)]
	return bytes.Contains(head, []byte("<svg")) || bytes.Contains(head, []byte("<?xml"))
}

// readSVG refuses what cannot be drawn, such as text that is not turned into paths: a picture that lacks a letter would be a
// task that lacks one.
func (p *Picture) readSVG() error {
	icon, err := oksvg.ReadIconStream(bytes.NewReader(p.data), oksvg.StrictErrorMode)
	if err != nil {
		return fmt.Errorf("the SVG picture cannot be drawn (text must be turned into paths): %w", err)
	}
	v := icon.ViewBox
	if !(v.W >= 1 && v.H >= 1 && v.W <= 1e5 && v.H <= 1e5) {
		return fmt.Errorf("the SVG picture is %v×%v large; a viewBox from 1 to 100000 is needed", v.W, v.H)
	}
	if len(icon.SVGPaths) == 0 {
		return errors.New("the SVG picture shows nothing")
	}
	p.vector, p.Width, p.Height = icon, float32(v.W), float32(v.H)
	return nil
}

// Draw returns the picture in a size in pixels, on white, since it was made for paper. It is called on one goroutine at a
// time.
func (p *Picture) Draw(width, height int) image.Image {
	width, height = max(width, 1), max(height, 1)
	for width*height > MaxPixels {
		width, height = (width+1)/2, (height+1)/2
	}
	size := image.Rect(0, 0, width, height)
	if p.drawn != nil && p.drawn.Bounds() == size {
		return p.drawn
	}
	out := image.NewRGBA(size)
	draw.Draw(out, size, image.NewUniform(color.White), image.Point{}, draw.Src)
	if p.vector != nil {
		p.drawVector(out)
	} else {
		p.drawPixels(out)
	}
	p.drawn = out
	return out
}

func (p *Picture) drawVector(out *image.RGBA) {
	defer func() { _ = recover() }() // the library has drawn it once when it was read; a part missing must not end an exam
	w, h := out.Rect.Dx(), out.Rect.Dy()
	p.vector.SetTarget(0, 0, float64(w), float64(h))
	scanner := rasterx.NewScannerGV(w, h, out, out.Rect)
	p.vector.Draw(rasterx.NewDasher(w, h, scanner), 1)
}

func (p *Picture) drawPixels(out *image.RGBA) {
	if p.raster == nil {
		img, _, err := image.Decode(bytes.NewReader(p.data))
		if err != nil {
			return // NewPicture has decoded it
		}
		p.raster = img
	}
	scaler := draw.Scaler(draw.CatmullRom)
	if out.Rect.Dx() == p.raster.Bounds().Dx() && out.Rect.Dy() == p.raster.Bounds().Dy() {
		scaler = draw.NearestNeighbor
	}
	scaler.Scale(out, out.Rect, p.raster, p.raster.Bounds(), draw.Over, nil)
}

// Forget gives back the memory of what was drawn.
func (p *Picture) Forget() { p.drawn, p.raster = nil, nil }
