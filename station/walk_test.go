package station

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// box is a rectangle on the window.
type box struct{ left, top, right, bottom float32 }

func boxOf(pos fyne.Position, size fyne.Size) box {
	return box{pos.X, pos.Y, pos.X + size.Width, pos.Y + size.Height}
}

func (b box) within(o box) bool {
	const slack = 1.5 // rounding of text sizes
	return b.left >= o.left-slack && b.top >= o.top-slack && b.right <= o.right+slack && b.bottom <= o.bottom+slack
}

func (b box) cut(o box) box {
	return box{max(b.left, o.left), max(b.top, o.top), min(b.right, o.right), min(b.bottom, o.bottom)}
}

func (b box) String() string {
	return fmt.Sprintf("(%.0f,%.0f)–(%.0f,%.0f)", b.left, b.top, b.right, b.bottom)
}

// placed is an object as it lies on the window.
type placed struct {
	object fyne.CanvasObject
	at     box
	reach  box // where it can be brought into sight: the window, or the content of what scrolls
	sight  box // what of the window shows it now
	room   box // the smallest box of those that hold it
}

type sighting struct {
	placed
	text *canvas.Text
}

// objects lists everything visible on the window: of the sheet where one lies over the screen, or of the screen.
func objects(c fyne.Canvas) []placed {
	var out []placed
	window := boxOf(fyne.NewPos(0, 0), c.Size())
	root := c.Content()
	if top := c.Overlays().Top(); top != nil {
		root = top
	}
	walk(root, fyne.NewPos(0, 0), window, window, window, func(p placed) { out = append(out, p) })
	return out
}

func walk(o fyne.CanvasObject, at fyne.Position, reach, sight, room box, visit func(placed)) {
	if !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	p := placed{o, boxOf(at, o.Size()), reach, sight, room}
	visit(p)
	switch o := o.(type) {
	case *container.Scroll:
		content := boxOf(at.Add(o.Content.Position()), o.Content.Size())
		inner := p.at.cut(reach)
		switch o.Direction {
		case container.ScrollVerticalOnly:
			inner.top, inner.bottom = content.top, content.bottom
		case container.ScrollHorizontalOnly:
			inner.left, inner.right = content.left, content.right
		case container.ScrollBoth:
			inner = content
		}
		walk(o.Content, at, inner, sight.cut(p.at), inner, visit)
	case *container.Clip:
		// What is clipped is a page that its owner moves.
		page := boxOf(at.Add(o.Content.Position()), o.Content.Size())
		walk(o.Content, at, page, sight.cut(p.at), page, visit)
	case *fyne.Container:
		for _, x := range o.Objects {
			walk(x, at, reach, sight, room.cut(p.at), visit)
		}
	case fyne.Widget:
		r := test.WidgetRenderer(o)
		// What the toolkit has let go of because nobody painted it, and has made anew, is not laid out yet.
		if !o.Size().IsZero() && !slices.ContainsFunc(r.Objects(), func(x fyne.CanvasObject) bool { return !x.Size().IsZero() }) {
			r.Layout(o.Size())
		}
		for _, x := range r.Objects() {
			walk(x, at, reach, sight, room.cut(p.at), visit)
		}
	}
}

// seen lists the texts on the window.
func seen(c fyne.Canvas) []sighting {
	var out []sighting
	for _, p := range objects(c) {
		if t, ok := p.object.(*canvas.Text); ok && strings.TrimSpace(t.Text) != "" {
			out = append(out, sighting{p, t})
		}
	}
	return out
}

// faults lists what of the window a person cannot read: text that goes beyond what holds it, text over text, and scrolling
// areas that are too small to be read in.
func faults(c fyne.Canvas) []string {
	var out []string
	texts := seen(c)
	heights := make([]float32, len(texts))
	for i, s := range texts {
		heights[i] = s.at.bottom - s.at.top
		// The toolkit gives a line the box that it needs or a larger one, and draws from the alignment's side.
		need := fyne.MeasureText(s.text.Text, s.text.TextSize, s.text.TextStyle)
		ink := boxOf(fyne.NewPos(s.at.left, s.at.top), need)
		if s.text.Alignment == fyne.TextAlignCenter {
			ink.left += (s.at.right - s.at.left - need.Width) / 2
			ink.right = ink.left + need.Width
		}
		if !ink.within(s.reach) || !ink.within(s.room) {
			out = append(out, fmt.Sprintf("%q at %v is cut by %v, %v", s.text.Text, ink, s.room, s.reach))
		}
		texts[i].at = ink.cut(s.sight)
	}
	for i, a := range texts {
		for j, b := range texts[:i] {
			over := a.at.cut(b.at)
			// A text's box has room above and below the letters.
			least := min(heights[i], heights[j])
			if over.right-over.left > 3 && over.bottom-over.top > 0.3*least {
				out = append(out, fmt.Sprintf("%q and %q lie over each other at %v", a.text.Text, b.text.Text, over))
			}
		}
	}
	for _, p := range objects(c) {
		scroll, ok := p.object.(*container.Scroll)
		if !ok {
			continue
		}
		if !p.at.within(p.reach) {
			out = append(out, fmt.Sprintf("a part of the screen that scrolls, at %v, goes beyond %v", p.at, p.reach))
		}
		shown := p.at.cut(p.reach)
		size, content := scroll.Size(), scroll.Content.MinSize()
		const least = 60 // two lines
		if h := shown.bottom - shown.top; h < least && content.Height > h+1.5 && scroll.Direction != container.ScrollHorizontalOnly {
			out = append(out, fmt.Sprintf("a part of the screen that scrolls is only %.0f high: %v of %v", h, size, content))
		}
	}
	return out
}
