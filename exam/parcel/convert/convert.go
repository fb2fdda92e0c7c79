// Package convert makes a paper of what package qti reads. A paper can hold less than QTI can say; what it cannot hold is said item by
// item, with its place in the file, and nothing is dropped in silence.
//
// An item is taken if a candidate is asked the same and the machine marks the same: its key is found and then tried, by running the item's own
// rules over right and wrong responses. An item that gives points for a part of an answer, is made anew for each candidate, or is answered
// in a way that no kind of a paper's items has, is refused with the reason.
package convert

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"emtihan/exam"
	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"

	"github.com/BurntSushi/toml"
)

// Options say what a package becomes.
type Options struct {
	ID    string // of the paper, [a-z0-9-]{1,32}
	Lang  string // exam language of the paper: kk, ru or en
	Title string // empty: the test's, or the package's name
	Test  string // identifier of the test to take, where the package has several
	Skip  bool   // leave out what a paper cannot hold; otherwise it refuses the package
}

// Item is what became of an item.
type Item struct {
	ID      string            // in the package
	Path    string            // of its file in the package
	Paper   string            // its id in the paper, or that of its first task; empty: it was not taken
	Kind    exam.ItemKind     // in the paper, of the first task
	Tasks   int               // how many tasks of the paper it became; several where it is answered in several places
	Points  int               // in the paper, of all its tasks
	Refused []finding.Finding // why it was not taken
	Changed []finding.Finding // what differs in the paper
}

// Taken reports whether the item is in the paper.
func (it *Item) Taken() bool { return len(it.Refused) == 0 }

// Result is what became of a package.
type Result struct {
	Items    []Item
	Findings []finding.Finding // about the package as a whole and its test
	Paper    []byte            // see [exam.ParsePaper]; nil: it was refused
	Media    map[string][]byte // by file name
}

// Taken returns how many items are in the paper.
func (r *Result) Taken() (n int) {
	for i := range r.Items {
		if r.Items[i].Taken() {
			n++
		}
	}
	return n
}

var paperID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// Convert makes a paper of a package. Where an item or the test holds what a paper cannot, Result.Paper is nil, unless the options leave such
// things out. The error says that the options are wrong or that the package has nothing to take; the result comes with it where there is one.
func Convert(p *qti.Package, opt Options) (*Result, error) {
	return convert(p, opt, (*converter).plan)
}

func newConverter(p *qti.Package, opt Options) *converter {
	return &converter{
		p: p, opt: opt, out: &Result{Media: make(map[string][]byte)}, media: make(map[string]*medium), ids: make(map[string]bool),
		passages: make(map[string]string), quotes: make(map[string]int), used: make(map[*qti.Item]bool),
	}
}

func convert(p *qti.Package, opt Options, plan func(*converter) ([]plannedBlock, string, error)) (*Result, error) {
	if !paperID.MatchString(opt.ID) {
		return nil, fmt.Errorf("the paper's id %q is not [a-z0-9-]{1,32}", opt.ID)
	}
	if opt.Lang != "kk" && opt.Lang != "ru" && opt.Lang != "en" {
		return nil, fmt.Errorf("the paper's language %q is not kk, ru or en", opt.Lang)
	}
	c := newConverter(p, opt)
	blocks, title, err := plan(c)
	if err != nil {
		return nil, err
	}
	c.paper = paper{Format: 1, ID: opt.ID, Languages: []string{opt.Lang}, Title: c.text(or(opt.Title, or(title, or(p.Name, opt.ID))))}
	for _, b := range blocks {
		for _, e := range b.items {
			if e.item != nil {
				c.countQuote(e.item)
			}
		}
	}
	for i, b := range blocks {
		block := paperBlock{ID: fmt.Sprintf("block-%d", i+1), Title: c.text(or(b.title, fmt.Sprint(i+1)))}
		for _, e := range b.items {
			report, items := c.item(e)
			for i, item := range items {
				if block.Items = append(block.Items, item); i == 0 {
					report.Paper, report.Kind = item.ID, exam.ItemKind(item.Kind)
				}
				report.Tasks++
				report.Points += item.Points
			}
			c.out.Items = append(c.out.Items, report)
		}
		if len(block.Items) > 0 {
			c.paper.Blocks = append(c.paper.Blocks, block)
		}
	}
	if c.out.Taken() == 0 {
		return c.out, fmt.Errorf("no item of the package can be taken")
	}
	refused := slices.ContainsFunc(c.out.Findings, func(f finding.Finding) bool { return f.Severity.Blocks() })
	if (refused || c.out.Taken() < len(c.out.Items)) && !opt.Skip {
		c.out.Media = nil
		return c.out, nil
	}
	c.paper.Media = c.list
	var out bytes.Buffer
	enc := toml.NewEncoder(&out)
	enc.Indent = ""
	if err := enc.Encode(c.paper); err != nil {
		return c.out, fmt.Errorf("paper: %w", err)
	}
	if _, err := exam.ParsePaper(out.Bytes()); err != nil {
		return c.out, err
	}
	c.out.Paper = out.Bytes()
	return c.out, nil
}

func or(s, instead string) string {
	if strings.TrimSpace(s) == "" {
		return instead
	}
	return s
}

// The paper as it is written. Package exam reads it.
type (
	paper struct {
		Format    int            `toml:"format"`
		ID        string         `toml:"id"`
		Languages []string       `toml:"languages"`
		Title     exam.Text      `toml:"title"`
		Media     []paperMedium  `toml:"media,omitempty"`
		Passages  []paperPassage `toml:"passages,omitempty"`
		Blocks    []paperBlock   `toml:"blocks"`
	}
	paperMedium struct {
		ID     string `toml:"id"`
		Kind   string `toml:"kind"`
		File   string `toml:"file"`
		SHA256 string `toml:"sha256"`
		Plays  int    `toml:"plays,omitempty"`
	}
	paperPassage struct {
		ID   string    `toml:"id"`
		Text exam.Text `toml:"text"`
	}
	paperBlock struct {
		ID    string      `toml:"id"`
		Title exam.Text   `toml:"title"`
		Items []paperItem `toml:"items"`
	}
	paperItem struct {
		ID      string `toml:"id"`
		Kind    string `toml:"kind"`
		Points  int    `toml:"points"`
		Passage string `toml:"passage,omitempty"`
		Reuse   bool   `toml:"reuse,omitempty"`
		Fixed   bool   `toml:"fixed,omitempty"`

		Marking   string `toml:"marking,omitempty"`
		Tolerance string `toml:"tolerance,omitempty"`

		Key     []string      `toml:"key,omitempty"`
		Text    exam.Text     `toml:"text"`
		Options []paperOption `toml:"options,omitempty"`
		Targets []paperOption `toml:"targets,omitempty"`
	}
	paperOption struct {
		ID   string    `toml:"id"`
		Text exam.Text `toml:"text"`
	}
)

type medium struct {
	id    string
	plays int
}

type converter struct {
	p        *qti.Package
	opt      Options
	out      *Result
	paper    paper
	list     []paperMedium
	media    map[string]*medium // by path in the package and number of plays
	ids      map[string]bool    // of items
	passages map[string]string  // ids by text
	quotes   map[string]int     // how many items begin with the same quotation
	used     map[*qti.Item]bool
}

// text puts a text, in which nothing is a mark, into the paper's language.
func (c *converter) text(s string) exam.Text { return exam.Text{c.opt.Lang: escape(s)} }

type entry struct {
	item    *qti.Item
	ref     *qti.ItemRef // nil: the package has no test
	stimuli []*qti.Stimulus
}

type plannedBlock struct {
	title string
	items []entry
}

// plan lays the items out in blocks: the sections of the test, or all items one after the other.
func (c *converter) plan() (blocks []plannedBlock, title string, err error) {
	var test *qti.Test
	switch {
	case c.opt.Test != "":
		i := slices.IndexFunc(c.p.Tests, func(t *qti.Test) bool { return t.ID == c.opt.Test })
		if i < 0 {
			return nil, "", fmt.Errorf("the package has no test %q; it has %s", c.opt.Test, c.tests())
		}
		test = c.p.Tests[i]
	case len(c.p.Tests) > 1:
		return nil, "", fmt.Errorf("the package has %d tests, of which one must be named: %s", len(c.p.Tests), c.tests())
	case len(c.p.Tests) == 1:
		test = c.p.Tests[0]
	}
	for _, f := range c.p.Findings {
		own := slices.ContainsFunc(c.p.Items, func(it *qti.Item) bool { return it.Path == f.Place.Path })
		other := test == nil || slices.ContainsFunc(c.p.Tests, func(t *qti.Test) bool { return t != test && t.Path == f.Place.Path })
		if f.Severity >= finding.Warning && !own && (!other || test == nil) {
			c.out.Findings = append(c.out.Findings, f)
		}
	}
	if test == nil {
		b := plannedBlock{title: c.p.Name}
		for _, it := range c.p.Items {
			b.items = append(b.items, entry{item: it})
		}
		return []plannedBlock{b}, "", nil
	}
	say := func(s finding.Severity, element, format string, args ...any) {
		c.out.Findings = append(c.out.Findings, finding.Finding{Severity: s, Place: finding.Place{Path: test.Path, Element: element}, Text: fmt.Sprintf(format, args...)})
	}
	limits := func(l qti.TimeLimits, what string) {
		if l != (qti.TimeLimits{}) {
			say(finding.Warning, "timeLimits", "the times of %s are not part of a paper; a profile has them", what)
		}
	}
	limits(test.Limits, "the test")
	for _, r := range test.Rubrics {
		if r.For("candidate") {
			say(finding.Unsupported, "rubricBlock", "the test has a text for the candidate, for which a paper has no place: %q", shorten(body.Plain(r.Blocks)))
		}
	}
	if !test.Processing.Empty() {
		say(finding.Warning, "outcomeProcessing", "the rules of the test as a whole are not part of a paper; its points are added up")
	}
	var section func(s *qti.Section, into *plannedBlock, stimuli []*qti.Stimulus)
	section = func(s *qti.Section, into *plannedBlock, stimuli []*qti.Stimulus) {
		if s.Select > 0 && s.Select < len(s.Children) || s.Replace {
			say(finding.Unsupported, "selection", "the section %s selects %d of its %d parts for each candidate; a paper has them all", s.ID, s.Select, len(s.Children))
		}
		if s.Shuffle {
			say(finding.Warning, "ordering", "the section %s has its parts in any order; in the paper they are in the author's", s.ID)
		}
		limits(s.Limits, "the section "+s.ID)
		for _, r := range s.Rubrics {
			if r.For("candidate") {
				say(finding.Unsupported, "rubricBlock", "the section %s has a text for the candidate, for which a block has no place: %q", s.ID, shorten(body.Plain(r.Blocks)))
			}
		}
		stimuli = append(slices.Clone(stimuli), s.Stimuli...)
		for _, child := range s.Children {
			switch {
			case child.Section != nil:
				section(child.Section, into, stimuli)
			case child.Item.Item != nil:
				into.items = append(into.items, entry{item: child.Item.Item, ref: child.Item, stimuli: stimuli})
			default:
				into.items = append(into.items, entry{ref: child.Item})
			}
		}
	}
	for _, p := range test.Parts {
		if p.Linear {
			say(finding.Warning, "testPart", "the part %s lets nobody go back; a paper does", p.ID)
		}
		limits(p.Limits, "the part "+p.ID)
		for _, s := range p.Sections {
			b := plannedBlock{title: s.Title}
			section(s, &b, nil)
			blocks = append(blocks, b)
		}
	}
	for _, it := range c.p.Items {
		if !slices.ContainsFunc(blocks, func(b plannedBlock) bool {
			return slices.ContainsFunc(b.items, func(e entry) bool { return e.item == it })
		}) {
			say(finding.Warning, "", "the item %s is in the package and not in the test; it is not taken", it.ID)
		}
	}
	return blocks, test.Title, nil
}

func (c *converter) tests() string {
	var names []string
	for _, t := range c.p.Tests {
		names = append(names, t.ID)
	}
	return strings.Join(names, ", ")
}

func shorten(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= 60 {
		return string(r)
	}
	return string(r[:60]) + "…"
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9-]{1,16}$`)

// itemID returns the id of an item in the paper: its own where that is possible.
func (c *converter) itemID(own string) string {
	id := strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(own)
	if !plainID.MatchString(id) || c.ids[id] {
		for n := len(c.ids) + 1; ; n++ {
			if id = fmt.Sprintf("Q%d", n); !c.ids[id] {
				break
			}
		}
	}
	c.ids[id] = true
	return id
}

// passage returns the id of a passage with the text, which becomes part of the paper.
func (c *converter) passage(text string) string {
	if id, ok := c.passages[text]; ok {
		return id
	}
	id := fmt.Sprintf("P%d", len(c.passages)+1)
	c.passages[text] = id
	c.paper.Passages = append(c.paper.Passages, paperPassage{ID: id, Text: exam.Text{c.opt.Lang: text}})
	return id
}

// add puts a file of the package among the media of the paper.
func (c *converter) add(path string, data []byte, kind exam.MediumKind, ending string, plays int) string {
	key := fmt.Sprintf("%s\x00%d", path, plays)
	if m := c.media[key]; m != nil {
		return m.id
	}
	prefix := map[exam.MediumKind]string{exam.Picture: "M", exam.Sound: "S"}[kind]
	m := &medium{id: fmt.Sprintf("%s%d", prefix, len(c.media)+1), plays: plays}
	c.media[key] = m
	sum := sha256.Sum256(data)
	file := strings.ToLower(m.id) + ending
	c.out.Media[file] = data
	c.list = append(c.list, paperMedium{ID: m.id, Kind: string(kind), File: file, SHA256: hex.EncodeToString(sum[:]), Plays: plays})
	return m.id
}
