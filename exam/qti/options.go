package qti

import (
	"cmp"
	"fmt"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

// Options say how content is read. The zero Options are the defaults: read what can be read and report the rest.
//
// Memory is bounded by them. Documents are read one after the other; one that is as large and as full as XML allows takes about 40
// times XML.Bytes while it is read, which is 640 MiB by default. What stays is the model, the findings, and pictures inside
// documents (InlineBytes); files of the package are read when they are asked for.
type Options struct {
	// Strict refuses a package with any finding that blocks (see [finding.Severity.Blocks]). Without it such content is read, and
	// [Item.Usable] says which items must not be used.
	Strict bool

	Intake intake.Limits  // of the package as a set of files
	XML    xmltree.Limits // of each document
	Parsed int64          // bytes of all documents together, counted again when one is read again; default 1 GiB
	Items  int            // items in a package; default 20 000

	ImagePixels int   // width × height of a picture; default 40 million. Pictures are measured without being decoded
	ImageSide   int   // width or height of a picture in pixels; default 16 384
	InlineBytes int64 // of all pictures written into the documents as data: addresses; default 32 MiB

	Includes int // documents included into one item by XInclude; default 16
	Findings int // kept of one document; default 500, and 10 once the package has 20 000
	Steps    int // of one run of the rules of an item or a test; default [processing.DefaultSteps]

	// Progress is called after each document that was read, from the reading goroutine. It may be nil.
	Progress func(done, total int)
}

// The defaults of [Options].
const (
	DefaultItems       = 20_000
	DefaultImagePixels = 40_000_000
	DefaultImageSide   = 16_384
	DefaultInlineBytes = 32 << 20
	DefaultIncludes    = 16
	DefaultFindings    = 500
	DefaultParsed      = 1 << 30
)

func (o Options) filled() Options {
	o.Parsed = cmp.Or(max(o.Parsed, 0), DefaultParsed)
	o.Items = cmp.Or(max(o.Items, 0), DefaultItems)
	o.ImagePixels = cmp.Or(max(o.ImagePixels, 0), DefaultImagePixels)
	o.ImageSide = cmp.Or(max(o.ImageSide, 0), DefaultImageSide)
	o.InlineBytes = cmp.Or(max(o.InlineBytes, 0), DefaultInlineBytes)
	o.Includes = cmp.Or(max(o.Includes, 0), DefaultIncludes)
	o.Findings = cmp.Or(max(o.Findings, 0), DefaultFindings)
	o.Steps = cmp.Or(max(o.Steps, 0), processing.DefaultSteps)
	o.XML.Bytes = cmp.Or(max(o.XML.Bytes, 0), xmltree.DefaultBytes)
	return o
}

// RefusedError says why a package was not taken.
type RefusedError struct {
	Text     string
	Findings []finding.Finding // what led to it, worst first; may be empty
	Err      error             // an *intake.Error, *xmltree.Error or nil
}

func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString(e.Text)
	for i, f := range e.Findings {
		if i == 5 {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Findings)-i)
			break
		}
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

func (e *RefusedError) Unwrap() error { return e.Err }
