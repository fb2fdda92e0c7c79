package station

import (
	"image"

	"emtihan/station/look"

	"fyne.io/fyne/v2"
)

// faceLayout lays the camera's picture out as large as the window allows, and the words beside it in a column that grows with
// the size of the text; without a picture the column stands alone in the middle.
type faceLayout struct {
	text   fyne.CanvasObject
	shows  bool
	aspect float32 // width to height of the picture; 0: not known yet
}

const (
	faceGap    = 16
	faceColumn = 330 // least width of the words at 100 %
	faceMost   = 560 // and their greatest
	usualShape = 4.0 / 3
)

// shape takes the size of a picture and reports whether the layout changes with it.
func (l *faceLayout) shape(size image.Point) bool {
	if size.X <= 0 || size.Y <= 0 {
		return false
	}
	aspect := float32(size.X) / float32(size.Y)
	if aspect == l.aspect {
		return false
	}
	l.aspect = aspect
	return true
}

// MinSize implements fyne.Layout: whatever the window is, the picture gets what is left.
func (l *faceLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, 1) }

// Layout implements fyne.Layout.
func (l *faceLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	column := faceMost * look.Scale()
	wide, high := size.Width-2*faceGap, size.Height-2*faceGap
	var picture fyne.Size
	if l.shows {
		column = faceColumn + (look.Scale()-1)*faceColumn*0.4
		aspect := l.aspect
		if aspect == 0 {
			aspect = usualShape
		}
		width := max(1, min(high*aspect, wide-column-faceGap))
		picture = fyne.NewSize(width, width/aspect)
		column = wide - width - faceGap
	}
	column = max(1, min(column, faceMost*look.Scale(), wide))
	used := column
	if l.shows {
		used += picture.Width + faceGap
	}
	x := (size.Width - used) / 2
	for _, o := range objects {
		if o == l.text {
			o.Resize(fyne.NewSize(column, max(1, high)))
			o.Move(fyne.NewPos(size.Width-x-column, faceGap))
			continue
		}
		o.Resize(picture)
		o.Move(fyne.NewPos(x, (size.Height-picture.Height)/2))
	}
}
