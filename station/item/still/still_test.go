package still_test

import (
	"image"
	"testing"

	"emtihan/exam"
	"emtihan/station/item/media"
	"emtihan/station/item/still"
)

const paper = `format = 1
id = "p"
languages = ["en"]
title = {en = "P"}
[[passages]]
id = "P1"
text = {en = "A text to read."}
[[blocks]]
id = "b"
title = {en = "B"}
[[blocks.items]]
id = "one"
kind = "single"
points = 1
text = {en = "Which?"}
options = [{id = "A", text = {en = "a"}}, {id = "B", text = {en = "b"}}]
[[blocks.items]]
id = "more"
kind = "multiple"
points = 1
text = {en = "Which?"}
options = [{id = "A", text = {en = "a"}}, {id = "B", text = {en = "b"}}, {id = "C", text = {en = "c"}}, {id = "D", text = {en = "d"}}]
[[blocks.items]]
id = "read"
kind = "long"
points = 1
passage = "P1"
text = {en = "What does it say?"}
`

func ink(img image.Image) (n int) {
	b := img.Bounds()
	ground := img.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if img.At(x, y) != ground {
				n++
			}
		}
	}
	return n
}

// Tasks of every look come out on a picture, and what has more on it has more ink.
func TestDraw(t *testing.T) {
	p, err := exam.ParsePaper([]byte(paper))
	if err != nil {
		t.Fatal(err)
	}
	set, err := media.Load(p, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var drawn []image.Image
	for _, it := range p.Items() {
		img := still.Draw(p, set, it, "en")
		if img.Bounds().Dx() != still.Width || img.Bounds().Dy() > still.MaxHeight || !still.Inked(img) {
			t.Errorf("%s: %v, inked %v", it.ID, img.Bounds(), still.Inked(img))
		}
		drawn = append(drawn, img)
	}
	if few, many := ink(drawn[0]), ink(drawn[1]); many <= few || drawn[1].Bounds().Dy() <= drawn[0].Bounds().Dy() {
		t.Errorf("two options have the ink %d, four %d", few, many)
	}
	if still.Inked(image.NewRGBA(image.Rect(0, 0, 100, 100))) {
		t.Error("an empty picture has ink")
	}
}
