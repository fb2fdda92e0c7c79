package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"emtihan/exam"
	"emtihan/exam/parcel/convert"
	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
	qtitrial "emtihan/exam/qti/trial"
	"emtihan/station/item/media"
	"emtihan/station/item/still"
)

// qtiCommand tries packages of QTI that others wrote: reads, draws, answers and marks every item.
type qtiCommand struct {
	Folders    []string `arg:"" optional:"" type:"path" help:"Folders of packages or loose items, archives, or items; ../shared/data/qti without any."`
	Out        string   `type:"path" help:"Folder for the pictures; a temporary one, which is removed, without it."`
	NoPictures bool     `help:"Draw nothing."`
	Verbose    bool     `short:"v" help:"One line for each item, and every finding that keeps one from being used."`
	Bank       int      `help:"Measure instead the import of a bank of so many items, beside bare encoding/xml over the same files."`
	Rounds     int      `default:"3" help:"How often the bank is read each way."`
}

// qtiFigures is the last line of the benchmark.
type qtiFigures struct {
	Packages    int `json:"packages"`     // archives, folders with a manifest, folders of loose items that were read
	Refused     int `json:"refused"`      // the same, refused for a reason
	Items       int `json:"items"`        // in the packages that were read
	Read        int `json:"read"`         // of these, read
	Rendered    int `json:"rendered"`     // drawn
	Whole       int `json:"whole"`        // of these, with every picture that their text shows
	AsTasks     int `json:"as_tasks"`     // drawn whole, as the tasks that a paper makes of them
	Supported   int `json:"supported"`    // every interaction of the item can be answered and every rule run
	Marked      int `json:"marked"`       // supported, and the file says what is right and how it is marked
	MarkedRight int `json:"marked_right"` // of these, the right answer got its most, a wrong one and none less
	Tests       int `json:"tests"`        // read
	TestsScored int `json:"tests_scored"` // of these, arranged, answered by the keys and scored by their own rules to the end
	Crashes     int `json:"crashes"`
}

// qtiRow is what came of the items with an interaction.
type qtiRow struct{ items, rendered, whole, asTasks, supported, marked, right, byHand, noKey int }

// qtiTrial is one run.
type qtiTrial struct {
	*qtiCommand
	out      io.Writer
	figures  qtiFigures
	rows     map[body.Kind]*qtiRow
	reasons  map[string]*qtiReason // why an item is not supported or not drawn
	wrong    []string
	refused  []string
	pictures int
}

type qtiReason struct {
	items   int
	example string
}

func (c *qtiCommand) Run(s streams) error {
	if c.Bank > 0 {
		return c.bank(s.out)
	}
	if len(c.Folders) == 0 {
		const usual = "../shared/data/qti"
		if _, err := os.Stat(usual); errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(s.out, "No packages: %s is not on this computer. Name a folder of packages or items.\n", usual)
			return lastLine(s.out, qtiFigures{})
		}
		c.Folders = []string{usual}
	}
	if c.Out == "" && !c.NoPictures {
		dir, err := os.MkdirTemp("", "emtihan-qti-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Out = dir
	}
	t := &qtiTrial{qtiCommand: c, out: s.out, rows: make(map[body.Kind]*qtiRow), reasons: make(map[string]*qtiReason)}
	for _, root := range c.Folders {
		if err := t.folder(root); err != nil {
			return err
		}
	}
	t.tables()
	return lastLine(s.out, t.figures)
}

func (t *qtiTrial) folder(root string) error {
	units, err := qti.Discover(root)
	if err != nil {
		return err
	}
	if len(units) == 0 {
		fmt.Fprintf(t.out, "%s: neither packages nor items\n", root)
	}
	for _, u := range units {
		name, err := filepath.Rel(root, u.Path)
		if err != nil || name == "." {
			name = filepath.Base(u.Path)
		}
		t.unit(filepath.ToSlash(name), u)
	}
	return nil
}

// guard runs what must never crash, and counts it if it does.
func (t *qtiTrial) guard(what string, do func()) {
	defer func() {
		if r := recover(); r != nil {
			t.figures.Crashes++
			fmt.Fprintf(t.out, "CRASH %s: %v\n%s\n", what, r, debug.Stack())
		}
	}()
	do()
}

func (t *qtiTrial) unit(name string, u qti.Unit) {
	var p *qti.Package
	var err error
	t.guard(name, func() { p, err = u.Open(qti.Options{}) })
	if err != nil {
		t.figures.Refused++
		why := firstLine(err.Error())
		if r := (*qti.RefusedError)(nil); errors.As(err, &r) && len(r.Findings) > 0 {
			why += fmt.Sprintf(" (%s)", r.Findings[0])
		}
		t.refused = append(t.refused, name+": "+why)
		return
	}
	if p == nil {
		return
	}
	defer p.Close()
	f := &t.figures
	f.Packages++
	f.Items += len(p.Items) + len(p.Unread)
	f.Read += len(p.Items)
	for _, path := range p.Unread {
		i := slices.IndexFunc(p.Findings, func(f finding.Finding) bool { return f.Place.Path == path && f.Severity.Blocks() })
		why := "it could not be read"
		if i >= 0 {
			why = p.Findings[i].Text
		}
		t.reason(why, name+"/"+path)
	}
	before := *f
	for _, it := range p.Items {
		where := name + "/" + it.Path
		t.guard(where, func() { t.item(p, it, where) })
	}
	for _, test := range p.Tests {
		f.Tests++
		t.guard(name+"/"+test.Path, func() { t.test(test, name+"/"+test.Path) })
	}
	fmt.Fprintf(t.out, "%-60s %4d items, %4d read, %4d drawn, %4d supported, %4d of %4d marked right\n", tail(name, 60), len(p.Items)+len(p.Unread), len(p.Items),
		f.Rendered-before.Rendered, f.Supported-before.Supported, f.MarkedRight-before.MarkedRight, f.Marked-before.Marked)
}

// test works through a test: the form of one candidate, every item answered by its key, the rules of the test.
func (t *qtiTrial) test(test *qti.Test, where string) {
	form := test.Arrange(1)
	var worked []qti.Worked
	for _, placed := range form.Items {
		w := qti.Worked{Placed: placed, Presented: true}
		if placed.Ref.Item != nil {
			s, _, err := qtitrial.Answered(placed.Ref.Item)
			if err != nil {
				t.reason("not scored: "+err.Error(), where)
				return
			}
			w.Session = s
		}
		worked = append(worked, w)
	}
	state, result, err := form.Score(worked)
	for _, f := range test.Processing.Faults() {
		t.reason("not scored: "+f, where)
	}
	if err != nil {
		t.reason("not scored: "+err.Error(), where)
		return
	}
	if test.Processing.Supported() {
		t.figures.TestsScored++
	}
	if t.Verbose && !test.Processing.Empty() {
		for _, d := range test.Outcomes {
			fmt.Fprintf(t.out, "  %s: %s = %s\n", where, d.ID, state.Values[d.ID])
		}
		for _, p := range result.Problems {
			fmt.Fprintf(t.out, "    %s\n", p)
		}
	}
}

func (t *qtiTrial) item(p *qti.Package, it *qti.Item, where string) {
	var row qtiRow
	row.items = 1
	if !t.NoPictures {
		drawn, task, lacks := t.draw(p, it, where)
		if drawn {
			row.rendered = 1
		}
		if drawn && len(lacks) == 0 {
			row.whole = 1
			if task {
				row.asTasks = 1
			}
		}
		for _, l := range lacks {
			t.reason("not drawn: "+l, where)
		}
	}
	o := qtitrial.Item(it)
	if qtitrial.Supported(it) {
		row.supported = 1
		switch o.Verdict {
		case qtitrial.Right:
			row.marked, row.right = 1, 1
		case qtitrial.Wrong, qtitrial.Failed:
			row.marked = 1
			t.wrong = append(t.wrong, where+": "+o.Reason)
		case qtitrial.ByHand:
			row.byHand = 1
		case qtitrial.NoKey:
			row.noKey = 1
		case qtitrial.NotMarked:
		}
	} else {
		for _, why := range qtitrial.Obstacles(it) {
			t.reason("not supported: "+why, where)
		}
	}
	if t.Verbose {
		fmt.Fprintf(t.out, "  %s: %s %s\n", where, o.Verdict, o.Reason)
		for _, f := range it.Findings {
			if f.Severity.Blocks() {
				fmt.Fprintf(t.out, "    %s\n", f)
			}
		}
	}
	f := &t.figures
	f.Rendered += row.rendered
	f.Whole += row.whole
	f.AsTasks += row.asTasks
	f.Supported += row.supported
	f.Marked += row.marked
	f.MarkedRight += row.right
	kinds := make(map[body.Kind]bool)
	for _, in := range it.Interactions {
		kinds[in.Kind] = true
	}
	if len(kinds) == 0 {
		kinds["none"] = true
	}
	for k := range kinds {
		r := t.rows[k]
		if r == nil {
			r = new(qtiRow)
			t.rows[k] = r
		}
		r.items++
		r.rendered += row.rendered
		r.whole += row.whole
		r.asTasks += row.asTasks
		r.supported += row.supported
		r.marked += row.marked
		r.right += row.right
		r.byHand += row.byHand
		r.noKey += row.noKey
	}
}

func (t *qtiTrial) reason(why, where string) {
	why = unnamed.ReplaceAllString(why, "…")
	r := t.reasons[why]
	if r == nil {
		r = &qtiReason{example: where}
		t.reasons[why] = r
	}
	r.items++
}

// unnamed are the parts of a reason that differ from item to item.
var unnamed = regexp.MustCompile(`"[^"]*"|\b[a-zA-Z_]*[0-9][a-zA-Z0-9_.]*`)

// draw makes the pictures of an item: as the tasks that a paper makes of it where it does, by the widgets of the station; otherwise as a
// sheet with all that was read of it, by the same widgets. lacks says what is not on them.
func (t *qtiTrial) draw(p *qti.Package, it *qti.Item, where string) (drawn, task bool, lacks []string) {
	const lang = "en"
	var paper *exam.Paper
	var files map[string][]byte
	r, err := convert.Single(p, it, convert.Options{ID: "p", Lang: lang})
	if err == nil && r.Paper != nil {
		paper, err = exam.ParsePaper(r.Paper)
		files, task = r.Media, err == nil
	}
	if paper == nil {
		if paper, files, lacks, err = convert.Sheet(p, it, lang); err != nil {
			return false, false, append(lacks, err.Error())
		}
	}
	set, err := media.Load(paper, func(file string) ([]byte, error) { return files[file], nil }, false)
	if err != nil {
		lacks = append(lacks, unpathed(err))
	}
	drawn = true
	for _, one := range paper.Items() {
		img := still.Draw(paper, set, one, lang)
		t.pictures++
		if !still.Inked(img) {
			drawn = false
			lacks = append(lacks, "the picture is empty")
		}
		name := fmt.Sprintf("%04d-%s.png", t.pictures, strings.Map(fileSign, tail(where, 80)))
		err := os.MkdirAll(t.Out, 0o777)
		if err == nil {
			err = savePicture(filepath.Join(t.Out, name), img)
		}
		if err != nil {
			drawn = false
			lacks = append(lacks, err.Error())
		}
	}
	return drawn, task, lacks
}

func fileSign(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
		return r
	}
	return '_'
}

// unpathed leaves the file's name out of an error about a medium.
func unpathed(err error) string {
	_, what, ok := strings.Cut(firstLine(err.Error()), ": ")
	if !ok {
		return err.Error()
	}
	return what
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// tail returns the end of a text.
func tail(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

func (t *qtiTrial) tables() {
	w := bufio.NewWriter(t.out)
	defer w.Flush()
	if len(t.refused) > 0 {
		fmt.Fprintf(w, "\nRefused packages\n")
		for _, r := range t.refused {
			fmt.Fprintf(w, "  %s\n", r)
		}
	}
	fmt.Fprintf(w, "\nItems by interaction (an item with several stands in several rows)\n")
	fmt.Fprintf(w, "  %-18s %6s %6s %6s %8s %10s %7s %6s %8s %7s\n", "", "items", "drawn", "whole", "as tasks", "supported", "marked", "right", "by hand", "no key")
	for _, k := range slices.Sorted(maps.Keys(t.rows)) {
		r := t.rows[k]
		fmt.Fprintf(w, "  %-18s %6d %6d %6d %8d %10d %7d %6d %8d %7d\n", k, r.items, r.rendered, r.whole, r.asTasks, r.supported, r.marked, r.right, r.byHand, r.noKey)
	}
	fmt.Fprintf(w, "drawn: a picture was made by the station's own widgets. whole: nothing that the item shows is missing on it. as tasks: whole, as the\n"+
		"tasks that a paper makes of it; all others as a sheet on which choices, gaps and areas stand as text, which is no way to answer them. by hand: the file has no rules\n"+
		"that set SCORE. no key: it has rules, and says neither what is right nor what has points.\n")
	if len(t.reasons) > 0 {
		fmt.Fprintf(w, "\nNot supported, not read, not drawn or not drawn whole\n")
		for _, why := range slices.SortedFunc(maps.Keys(t.reasons), func(a, b string) int {
			return cmp.Or(cmp.Compare(t.reasons[b].items, t.reasons[a].items), strings.Compare(a, b))
		}) {
			fmt.Fprintf(w, "  %4d × %s (%s)\n", t.reasons[why].items, why, t.reasons[why].example)
		}
	}
	if len(t.wrong) > 0 {
		fmt.Fprintf(w, "\nMarked otherwise than the item says\n")
		for _, x := range t.wrong {
			fmt.Fprintf(w, "  %s\n", x)
		}
	}
	if t.pictures > 0 {
		fmt.Fprintf(w, "\n%d pictures\n", t.pictures)
	}
}
