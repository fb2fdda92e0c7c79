// Package body is what a candidate sees of an item: paragraphs, lists, tables, pictures, formulas and, among them, the
// interactions by which the item is answered, as a typed tree that a screen or a printer can draw without knowing XML.
package body

import (
	"slices"
	"strings"

	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

// Block is something that stands on lines of its own: [*Paragraph], [*Heading], [*List], [*Table], [*Quote], [*Preformatted],
// [*Rule], [*Group], [*Conditional], [*Media], [*Rubric] or [*Interaction].
type Block interface{ block() }

// Inline is something that stands in a line: [*Text], [*Break], [*Image], [*Math], [*Ruby], [*Link], [*Variable], [*Gap], [*Hottext],
// [*When] or [*Interaction].
type Inline interface{ inline() }

// Style is how a piece of text is set. Styles combine.
type Style uint16

// The styles.
const (
	Bold Style = 1 << iota
	Italic
	Underline
	Strike
	Code
	Subscript
	Superscript
	Small
	Big
	Quoted // quotation marks of the language go around it
)

// Paragraph is a run of inlines.
type Paragraph struct {
	Align   string // "", left, center, right or justify
	Lang    string // BCP 47, empty: as around it
	Inlines []Inline
}

// Heading is a title. Level is 1 to 6.
type Heading struct {
	Level   int
	Inlines []Inline
}

// List is a list of items.
type List struct {
	Ordered bool
	Start   int    // number of the first item of an ordered list
	Type    string // 1, a, A, i or I for ordered lists, empty otherwise
	Items   []ListItem
}

// ListItem is an item of a list; Term is set in lists of definitions.
type ListItem struct {
	Term   []Inline
	Blocks []Block
}

// Table is a table; rows may have cells that reach over several rows and columns.
type Table struct {
	Caption []Inline
	Head    int // how many of the rows are the head
	Rows    [][]Cell
}

// Cell is a cell of a table.
type Cell struct {
	Header           bool
	Columns, Rows    int // over how many it reaches, at least 1
	Align            string
	Blocks           []Block
	TemplateVariable string // set where the cell is shown by a template's condition
}

// Quote is a block quotation.
type Quote struct{ Blocks []Block }

// Preformatted is text whose spaces and line ends count.
type Preformatted struct{ Inlines []Inline }

// Rule is a line between blocks.
type Rule struct{}

// Group is a part of the body with a class or a role of its own. Class holds the words of the class attribute, among them the
// standard's shared vocabulary ("qti-layout-row").
type Group struct {
	Role   string // the element: div, section, figure, figcaption, …
	Class  string
	Lang   string
	Blocks []Block
}

// Condition decides by a variable whether something is there.
type Condition struct {
	Feedback bool   // by an outcome, after marking; otherwise by a template variable
	Variable string //
	Value    string // that the variable has or contains
	Show     bool   // shown if the variable has the value; otherwise hidden if it has
}

// Holds reports whether the condition's content is shown under the value of its variable.
func (c Condition) Holds(v processing.Value) bool {
	has := false
	for _, s := range v.Items {
		has = has || s.String() == c.Value
	}
	return has == c.Show
}

// Conditional is a feedback or template block.
type Conditional struct {
	Condition
	Blocks []Block
}

// When is a feedback or template inline.
type When struct {
	Condition
	Inlines []Inline
}

// Rubric is a text for one of those around the exam. Rubrics for scorers hold model answers: a candidate is shown only those that are
// For the candidate.
type Rubric struct {
	View   string // words of candidate, proctor, scorer, author, testConstructor, tutor
	Use    string // instructions, scoring, navigation, …
	Blocks []Block
}

// For reports whether the rubric is meant for the view. One that names no view is meant for nobody.
func (r *Rubric) For(view string) bool { return slices.Contains(strings.Fields(r.View), view) }

// Media is sound or film, or a picture that stands alone.
type Media struct {
	Kind          string // audio, video or image
	Source        string // path inside the package; empty where it lies outside
	Type          string // media type as declared
	Width, Height int    // pixels; 0: not stated
	Alt           string
	Captions      string // path of a text track
}

// Text is a piece of text in one style. Runs of space are one space.
type Text struct {
	Text  string
	Style Style
	Lang  string // BCP 47, empty: as around it
}

// Break is a forced line end.
type Break struct{}

// Image is a picture. Either Source or SVG is set.
type Image struct {
	Source        string // path inside the package; empty where it lies outside or is drawn in place
	SVG           []byte // a drawing that stands in the item itself
	Alt           string
	Long          string // a longer description
	Width, Height int    // pixels; 0: as the picture is
	Style         Style
}

// Math is a formula.
type Math struct {
	Readable string // one line of text: x² + ½, (a+b)/(c)
	TeX      string // where the author's tool left it
	Display  bool   // on a line of its own
	Names    []string
	Style    Style
	Lang     string
	node     *xmltree.Node
}

// Ruby is text with a reading above it.
type Ruby struct {
	Base    []Inline
	Reading string
}

// Link is text that led somewhere. In an exam nothing is opened; what it names is kept for the author.
type Link struct {
	Target  string
	Inlines []Inline
}

// Variable is replaced by the value of a variable.
type Variable struct {
	ID     string
	Format string // as in the standard: %.2f, empty: as it is
	Style  Style

	Field     string // of a record; empty: all of it
	Index     int    // of an ordered container, from 1; 0: all of it
	Delimiter string // between the values of a container
	Indicator string // between field and value of a record
}

// Gap is a place to put a choice of a gap match into.
type Gap struct {
	ID    string
	Group string
	When  *Condition
}

// Hottext is a piece of text that can be chosen.
type Hottext struct {
	ID      string
	Inlines []Inline
	When    *Condition
}

func (*Paragraph) block()    {}
func (*Heading) block()      {}
func (*List) block()         {}
func (*Table) block()        {}
func (*Quote) block()        {}
func (*Preformatted) block() {}
func (*Rule) block()         {}
func (*Group) block()        {}
func (*Conditional) block()  {}
func (*Rubric) block()       {}
func (*Media) block()        {}
func (*Interaction) block()  {}

func (*Text) inline()        {}
func (*Break) inline()       {}
func (*Image) inline()       {}
func (*Math) inline()        {}
func (*Ruby) inline()        {}
func (*Link) inline()        {}
func (*Variable) inline()    {}
func (*Gap) inline()         {}
func (*Hottext) inline()     {}
func (*When) inline()        {}
func (*Interaction) inline() {}

// Kind is the kind of an interaction.
type Kind string

// The kinds of interactions. Of those from Drawing on what is seen is read, but no way to answer them is defined here.
const (
	Choice          Kind = "choice"           // one choice or several
	InlineChoice    Kind = "inlineChoice"     // one choice from a menu in the text
	TextEntry       Kind = "textEntry"        // a short text in the text
	ExtendedText    Kind = "extendedText"     // a long text
	Order           Kind = "order"            // choices are put in order
	Associate       Kind = "associate"        // pairs among choices
	Match           Kind = "match"            // pairs of a choice and a target
	GapMatch        Kind = "gapMatch"         // choices are put into gaps of a text
	HottextChoice   Kind = "hottext"          // pieces of a text are chosen
	Hotspot         Kind = "hotspot"          // areas of a picture are chosen
	SelectPoint     Kind = "selectPoint"      // points of a picture
	GraphicOrder    Kind = "graphicOrder"     // areas are put in order
	GraphicAssoc    Kind = "graphicAssociate" // pairs among areas
	GraphicGapMatch Kind = "graphicGapMatch"  // choices are put onto areas
	PositionObject  Kind = "positionObject"   // a picture is put onto places of another
	Slider          Kind = "slider"           // a number from a range
	MediaPlay       Kind = "media"            // sound or film; the response is how often it was played
	EndAttempt      Kind = "endAttempt"       // a button that ends an attempt, or asks for a hint; the response is whether it was pressed
	Drawing         Kind = "drawing"
	Upload          Kind = "upload"
	Custom          Kind = "custom"
)

// Answerable reports whether this package defines how such an interaction is answered.
func (k Kind) Answerable() bool {
	switch k {
	case Drawing, Upload, Custom:
		return false
	}
	return true
}

// Interaction is a way to answer. Which fields count follows from the kind.
type Interaction struct {
	Kind     Kind
	Response string // identifier of the response variable
	Class    string // words of the class attribute, among them the shared vocabulary
	Line     int
	Prompt   []Block

	Choices []Option // in the author's order; see [Kind]
	Targets []Option // Match: the second set; GapMatch: the gaps; GraphicGapMatch: the areas
	Shuffle bool     // the choices (and the targets of Match) that are not fixed come in any order

	// Min and Max bound the number of choices, pairs, points, strings or plays. Max 0: no bound.
	Min, Max int

	Orientation string  // horizontal or vertical, empty: not stated
	Content     []Block // GapMatch, HottextChoice: the text; Custom: its markup
	Stage       *Image  // the picture of the graphic kinds, and of Drawing
	Object      *Image  // PositionObject: what is put there

	ExpectedLength int    // characters; 0: not stated
	ExpectedLines  int    // 0: not stated
	Pattern        string // XML Schema expression of what may be entered
	Placeholder    string // of a text, a menu; EndAttempt: what stands on the button
	Format         string // ExtendedText: plain, preFormatted or xhtml
	Number         int    // numeric base of an integer response, 10 if not stated

	Lower, Upper, Step float64 // Slider; Step 0: any number
	Reverse            bool    // Slider: the lower end is where the upper usually is
	StepLabels         bool

	Media     *Media // MediaPlay
	Autostart bool
	Loop      bool
}

// Option is something to choose.
type Option struct {
	ID       string
	Blocks   []Block // or
	Image    *Image  // a picture that can be moved
	Label    string  // of an area, for those who cannot see it
	Fixed    bool    // stays in its place when the others are shuffled
	MatchMin int
	MatchMax int    // 0: as often as one likes
	Group    string // may only meet those of the group; empty: all
	Area     processing.Area
	When     *Condition
}

// Option returns the choice or target with the identifier.
func (i *Interaction) Option(id string) (*Option, bool) {
	for _, set := range [...][]Option{i.Choices, i.Targets} {
		for k := range set {
			if set[k].ID == id {
				return &set[k], true
			}
		}
	}
	return nil, false
}
