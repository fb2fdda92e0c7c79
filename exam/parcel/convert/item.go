package convert

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
)

// lead returns the text at the beginning of an item that tools repeat in each of the items that share it, and how many blocks it takes.
func lead(it *qti.Item) ([]body.Block, int) {
	if len(it.Body) < 2 {
		return nil, 0
	}
	switch b := it.Body[0].(type) {
	case *body.Quote:
		return b.Blocks, 1
	case *body.Group:
		if b.Role == "object" {
			return b.Blocks, 1
		}
	}
	return nil, 0
}

func (c *converter) countQuote(it *qti.Item) {
	if blocks, n := lead(it); n > 0 {
		c.quotes[body.Plain(blocks)]++
	}
}

// maxParts bounds the blocks, pieces of text and pictures of an item. The largest task of a real exam has some hundred.
const maxParts = 20_000

func parts(it *qti.Item) (n int) {
	count := func(any) { n++ }
	body.Walk(it.Body, count)
	for _, s := range it.Stimuli {
		body.Walk(s.Body, count)
	}
	return n
}

type job struct {
	*writer
	it     *qti.Item
	report *Item
	in     *body.Interaction // by which it is answered
	item   paperItem
	weight float64 // that the test gives it
	state  *processing.State
	parts  []paperItem                 // of an item that is answered in several places; item is then not used
	others map[string]processing.Value // of one of several places: the keys of the others
}

// key returns the correct response of the variant that is taken.
func (j *job) key(d *processing.Declaration) processing.Value { return j.state.CorrectOf(d.ID) }

func (j *job) place(line int, element string) finding.Place {
	return finding.Place{Path: j.it.Path, Line: line, Element: element}
}

// item converts an item, or says why not.
func (c *converter) item(e entry) (Item, []paperItem) {
	if e.item == nil {
		return Item{ID: e.ref.ID, Path: e.ref.Path, Refused: []finding.Finding{{Severity: finding.Invalid, Place: finding.Place{Path: e.ref.Path}, Text: "the item could not be read"}}}, nil
	}
	it := e.item
	report := Item{ID: it.ID, Path: it.Path}
	j := &job{it: it, report: &report, weight: 1}
	j.writer = &writer{c: c, said: make(map[string]bool), skip: make(map[*body.Interaction]bool)}
	j.refuse = func(format string, args ...any) {
		f := finding.Finding{Severity: finding.Unsupported, Place: j.place(j.line(), ""), Text: fmt.Sprintf(format, args...)}
		if !slices.Contains(report.Refused, f) {
			report.Refused = append(report.Refused, f)
		}
	}
	j.change = func(format string, args ...any) {
		report.Changed = append(report.Changed, finding.Finding{Severity: finding.Warning, Place: j.place(j.line(), ""), Text: fmt.Sprintf(format, args...)})
	}
	for _, f := range it.Findings {
		switch {
		case f.Severity.Blocks():
			report.Refused = append(report.Refused, f)
		case f.Severity == finding.Warning:
			report.Changed = append(report.Changed, f)
		}
	}
	if c.used[it] {
		j.change("the item stands twice in the test, and in the paper")
	}
	before := len(c.list)
	if len(report.Refused) == 0 {
		j.convert(e)
	}
	if len(report.Refused) > 0 {
		c.forget(before)
		return report, nil
	}
	c.used[it] = true
	if len(j.parts) == 0 {
		j.item.ID = c.itemID(it.ID)
		if j.item.ID != it.ID {
			j.change("its id in the paper is %s", j.item.ID)
		}
		return report, []paperItem{j.item}
	}
	for i := range j.parts {
		j.parts[i].ID = c.itemID(fmt.Sprintf("%s-%d", it.ID, i+1))
	}
	j.change("it is answered in %d places; in the paper each is a task of its own beside a common text", len(j.parts))
	return report, j.parts
}

// forget takes the media of a refused item back: those that came after the first so many.
func (c *converter) forget(first int) {
	for _, m := range c.list[first:] {
		delete(c.out.Media, m.File)
		for key, known := range c.media {
			if known.id == m.ID {
				delete(c.media, key)
			}
		}
	}
	c.list = c.list[:first]
}

func (j *job) line() int {
	if j.in != nil {
		return j.in.Line
	}
	return 0
}

func (j *job) convert(e entry) {
	if !j.it.Template.Empty() {
		j.once("it is made anew for each candidate by template rules; the paper has one of its variants")
	}
	if len(j.it.Feedback) > 0 {
		j.once("feedback is not shown in an exam")
	}
	if e.ref != nil {
		for name, w := range e.ref.Weights {
			if w != 1 {
				if len(e.ref.Weights) > 1 || w < 0 {
					j.refuse("the test gives it the weight %s=%g, which a paper has not", name, w)
					continue
				}
				j.weight = w
				j.once("the weight that the test gives it, %s=%g, is in its points", name, w)
			}
		}
		if e.ref.Limits != (qti.TimeLimits{}) {
			j.once("its own times are not part of a paper")
		}
	}
	if n := parts(j.it); n > maxParts {
		j.refuse("its text has %d parts, more than %d", n, maxParts)
		return
	}
	body.Walk(j.it.Body, func(x any) {
		if r, ok := x.(*body.Rubric); ok && !r.For("candidate") {
			j.once("what it says to %s is not kept: %q", or(r.View, "nobody"), shorten(body.Plain(r.Blocks)))
		}
	})
	s, err := j.it.Start(1)
	if err != nil {
		j.refuse("%v", err)
		return
	}
	j.state = s.State
	blocks := s.Body() // without feedback, whose conditions only marking meets
	// Sounds that count how often they are played stand beside what is answered.
	count := func(in []*body.Interaction) (out []*body.Interaction) {
		for _, i := range in {
			if i.Kind != body.MediaPlay {
				out = append(out, i)
			}
		}
		return out
	}
	var shown []*body.Interaction
	body.Walk(blocks, func(x any) {
		if i, ok := x.(*body.Interaction); ok {
			shown = append(shown, i)
		}
	})
	all, whole := count(shown), count(j.it.Interactions)
	switch {
	case len(whole) == 0:
		j.refuse("it is answered in 0 places, and a paper's item in one")
	case len(all) < len(whole):
		j.in = whole[0]
		j.refuse("its interaction is shown under a condition only")
	case len(all) > 1:
		j.composite(e, blocks, all)
	default:
		if j.in = all[0]; j.interaction() {
			j.texts(e, blocks)
		}
	}
}

// interaction converts how the item, or one of its places, is answered, and reports whether it can be.
func (j *job) interaction() bool {
	switch j.in.Kind {
	case body.Choice:
		j.choice()
	case body.HottextChoice:
		j.hottext()
	case body.Slider:
		j.once("the slider is a number that is typed")
		j.short()
	case body.InlineChoice:
		j.once("the menu in the text is a list below it")
		j.choice()
	case body.Order:
		j.order()
	case body.Match:
		j.match()
	case body.GapMatch:
		j.gapMatch()
	case body.TextEntry:
		j.short()
	case body.ExtendedText:
		j.long()
	default:
		j.refuse("a %s interaction is no kind of a paper's items", j.in.Kind)
	}
	return len(j.report.Refused) == 0
}

// shared returns the texts that the item shares with others, and its own blocks without them.
func (j *job) shared(e entry, blocks []body.Block) (passages []string, own []body.Block) {
	for _, s := range append(slices.Clone(e.stimuli), j.it.Stimuli...) {
		passages = append(passages, j.blocks(s.Body))
	}
	if quoted, n := lead(j.it); n > 0 && j.c.quotes[body.Plain(quoted)] > 1 {
		passages = append(passages, j.blocks(blocks[:n]))
		blocks = blocks[n:]
	}
	return passages, blocks
}

// texts writes what stands around the choices, and the passage before it.
func (j *job) texts(e entry, blocks []body.Block) {
	passages, blocks := j.shared(e, blocks)
	text := j.blocks(blocks)
	if strings.TrimSpace(text) == "" {
		j.refuse("it has no text")
	}
	if len(j.report.Refused) > 0 {
		return
	}
	if whole := strings.Join(passages, "\n\n"); strings.TrimSpace(whole) != "" {
		j.item.Passage = j.c.passage(whole)
	}
	j.item.Text = exam.Text{j.c.opt.Lang: text}
}

const maxOptions = 12

// options names and writes choices. Identifiers that a paper cannot have are replaced, all of them.
func (j *job) options(in []body.Option, names string) (out []paperOption, ids map[string]string) {
	if len(in) < 2 || len(in) > maxOptions {
		j.refuse("it has %d choices; a paper's item has 2–%d", len(in), maxOptions)
		return nil, nil
	}
	ids = make(map[string]string)
	keep := !slices.ContainsFunc(in, func(o body.Option) bool { return !plainID.MatchString(o.ID) })
	for i, o := range in {
		id := o.ID
		if !keep {
			id = string(names[i])
			if names == digits {
				id = strconv.Itoa(i + 1)
			}
		}
		ids[o.ID] = id
		var text string
		if o.Image != nil {
			text = j.image(o.Image)
		} else {
			text = j.blocks(o.Blocks)
		}
		if strings.TrimSpace(text) == "" {
			j.refuse("its choice %s has no text", o.ID)
		}
		out = append(out, paperOption{ID: id, Text: exam.Text{j.c.opt.Lang: text}})
	}
	return out, ids
}

const (
	letters = "ABCDEFGHIJKL"
	digits  = "123456789012"
)

func (j *job) choice() {
	d := j.it.Response(j.in.Response)
	j.item.Kind = string(exam.Multiple)
	if j.in.Max == 1 || d.Card == processing.Single {
		j.item.Kind = string(exam.Single)
	}
	if j.in.Max > 1 && j.in.Max < len(j.in.Choices) || j.in.Min > 1 {
		j.once("how many choices may be marked (%d to %d) is not kept", j.in.Min, j.in.Max)
	}
	var ids map[string]string
	if j.item.Options, ids = j.options(j.in.Choices, letters); ids == nil {
		return
	}
	j.shuffled()
	if d == nil {
		j.refuse("its response is not declared")
		return
	}
	sets := j.sets()
	key := j.key(d).Strings()
	if j.key(d).IsNull() {
		if key = j.found(d, sets); key == nil {
			return
		}
	}
	if j.item.Key = j.names(key, ids); j.item.Kind == string(exam.Single) && len(key) != 1 {
		j.refuse("its key names %d choices, and one may be marked", len(key))
		return
	}
	wrong := slices.DeleteFunc(sets, func(set []string) bool { return sameSet(set, key) })
	j.tried(d, [][]string{key}, wrong, func(set []string) exam.Response { return exam.Response{Options: j.names(set, ids)} })
}

// sets returns every way to mark choices: there are 4096 at most.
func (j *job) sets() (out [][]string) {
	for set := range 1 << len(j.in.Choices) {
		var marked []string
		for i, o := range j.in.Choices {
			if set>>i&1 == 1 {
				marked = append(marked, o.ID)
			}
		}
		if j.item.Kind != string(exam.Single) || len(marked) <= 1 {
			out = append(out, marked)
		}
	}
	return out
}

// found returns the one way to mark choices that gives points, where an item's rules alone say what is right.
func (j *job) found(d *processing.Declaration, sets [][]string) (key []string) {
	if j.it.MachineMarked() {
		for _, set := range sets {
			x, err := j.mark(d, set)
			if err != nil || x <= 0 {
				continue
			}
			if key != nil || len(set) == 0 {
				j.refuse("several answers give points, and it says no right one")
				return nil
			}
			key = set
		}
	}
	if key == nil {
		j.refuse("it says no right answer")
		return nil
	}
	j.once("its right answer was found by its rules")
	return key
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// shuffled lets the choices come in any order where the author does, and no choice has a place of its own.
func (j *job) shuffled() {
	fixed := func(o body.Option) bool { return o.Fixed }
	j.item.Fixed = !j.in.Shuffle || slices.ContainsFunc(j.in.Choices, fixed) || slices.ContainsFunc(j.in.Targets, fixed)
	if j.in.Shuffle && j.item.Fixed {
		j.once("its choices come in the author's order, because some have a place of their own")
	}
}

// hottext converts pieces of a text of which some are chosen: in the text each has a letter, and the choices are the pieces.
func (j *job) hottext() {
	j.hots = make(map[string]string)
	for i, o := range j.in.Choices {
		if i < len(letters) {
			j.hots[o.ID] = "[" + letters[i:i+1] + "]\u00a0"
		}
	}
	j.once("the pieces of its text that can be chosen have letters, and stand again as choices below it")
	// The letters belong into the text, and not into the choices.
	hots := j.hots
	j.hots = nil
	j.choice()
	j.hots = hots
}

// correct returns the key, or refuses the item that says none.
func (j *job) correct(d *processing.Declaration) ([]string, bool) {
	if d == nil {
		j.refuse("its response is not declared")
		return nil, false
	}
	if j.key(d).IsNull() {
		j.refuse("it says no right answer")
		return nil, false
	}
	return j.key(d).Strings(), true
}

func (j *job) names(key []string, ids map[string]string) (out []string) {
	for _, k := range key {
		id, ok := ids[k]
		if !ok {
			j.refuse("its key names %q, which is no choice", k)
			continue
		}
		out = append(out, id)
	}
	return out
}

func (j *job) order() {
	d := j.it.Response(j.in.Response)
	j.item.Kind = string(exam.Order)
	n := len(j.in.Choices)
	if j.in.Max > 0 && j.in.Max < n || j.in.Min > 0 && j.in.Min < n {
		j.refuse("only some of its choices are put in order")
		return
	}
	var ids map[string]string
	if j.item.Options, ids = j.options(j.in.Choices, letters); ids == nil {
		return
	}
	j.shuffled()
	key, ok := j.correct(d)
	if !ok {
		return
	}
	if j.item.Key = j.names(key, ids); len(key) != n {
		j.refuse("its key puts %d of its %d choices in order", len(key), n)
		return
	}
	wrong := [][]string{nil}
	for i := range n {
		for k := range i {
			swapped := slices.Clone(key)
			swapped[i], swapped[k] = swapped[k], swapped[i]
			wrong = append(wrong, swapped)
		}
	}
	back := slices.Clone(key)
	slices.Reverse(back)
	if !slices.Equal(back, key) {
		wrong = append(wrong, back)
	}
	for i := 1; i < n; i++ {
		wrong = append(wrong, append(slices.Clone(key[i:]), key[:i]...))
	}
	j.tried(d, [][]string{key}, wrong, func(order []string) exam.Response { return exam.Response{Options: j.names(order, ids)} })
}

// match converts pairs of a choice and a target. Where one target takes several choices, that is what the paper calls reuse; where
// one choice goes to several targets, the two sets change places.
func (j *job) match() {
	single := func(set []body.Option) bool {
		return !slices.ContainsFunc(set, func(o body.Option) bool { return o.MatchMax != 1 })
	}
	choices, targets, turned := j.in.Choices, j.in.Targets, false
	switch {
	case single(choices):
	case single(targets):
		choices, targets, turned = targets, choices, true
		j.once("what is matched to what changed places")
	default:
		j.refuse("a choice may go to several targets, and a target take several choices")
		return
	}
	j.pairs(choices, targets, turned)
}

// pairs fills a Match item: each of the options takes one of the targets.
func (j *job) pairs(options, targets []body.Option, turned bool) {
	d := j.it.Response(j.in.Response)
	j.item.Kind = string(exam.Match)
	if slices.ContainsFunc(append(slices.Clone(options), targets...), func(o body.Option) bool { return o.Group != "" }) {
		j.refuse("some of its choices may meet only some of the targets")
		return
	}
	if j.in.Max > 0 && j.in.Max < len(options) {
		j.refuse("only %d of its %d pairs may be made", j.in.Max, len(options))
		return
	}
	for _, t := range targets {
		switch {
		case t.MatchMax == 1:
		case t.MatchMax == 0 || t.MatchMax >= len(options):
			j.item.Reuse = true
		default:
			j.item.Reuse = true
			j.once("how many choices %s takes (%d) is not kept", t.ID, t.MatchMax)
		}
	}
	if j.item.Reuse && slices.ContainsFunc(targets, func(t body.Option) bool { return t.MatchMax == 1 }) {
		j.once("that some targets take one choice only is not kept")
	}
	var from, to map[string]string
	if j.item.Options, from = j.options(options, letters); from == nil {
		return
	}
	if j.item.Targets, to = j.options(targets, digits); to == nil {
		return
	}
	if !j.item.Reuse && len(targets) < len(options) {
		j.refuse("it has fewer targets than choices, and none takes several")
		return
	}
	j.shuffled()
	if _, ok := j.correct(d); !ok {
		return
	}
	own := make(map[string]string) // by option
	for _, s := range j.key(d).Items {
		o, t := s.S, s.T
		if turned {
			o, t = t, o
		}
		if from[o] == "" || to[t] == "" || own[o] != "" {
			j.refuse("its key has the pair %s %s, which nobody can make", s.S, s.T)
			return
		}
		own[o] = t
	}
	if len(own) < len(options) {
		j.refuse("its key leaves %d of its %d choices without a target, and a paper's item asks for all", len(options)-len(own), len(options))
		return
	}
	pair := func(o, t string) string {
		if turned {
			o, t = t, o
		}
		return o + " " + t
	}
	var key []string
	for _, o := range options {
		key = append(key, pair(o.ID, own[o.ID]))
		j.item.Key = append(j.item.Key, exam.Pair(from[o.ID], to[own[o.ID]]))
	}
	wrong := [][]string{nil}
	if len(key) <= 10 { // every part of the key
		for set := 1; set < 1<<len(key)-1; set++ {
			var part []string
			for i, k := range key {
				if set>>i&1 == 1 {
					part = append(part, k)
				}
			}
			wrong = append(wrong, part)
		}
	}
	for i, o := range options {
		without := slices.Delete(slices.Clone(key), i, i+1)
		wrong = append(wrong, without)
		for _, t := range targets {
			if t.ID != own[o.ID] {
				other := slices.Clone(key)
				other[i] = pair(o.ID, t.ID)
				if !j.item.Reuse {
					other = slices.Delete(other, i, i+1)
					other = slices.DeleteFunc(other, func(p string) bool {
						return strings.HasSuffix(p, " "+t.ID) && !turned || strings.HasPrefix(p, t.ID+" ") && turned
					})
					other = append(other, pair(o.ID, t.ID))
				}
				wrong = append(wrong, other, []string{pair(o.ID, t.ID)})
			}
		}
	}
	j.tried(d, [][]string{key}, wrong, func(made []string) exam.Response {
		var r exam.Response
		for _, p := range made {
			o, t, _ := strings.Cut(p, " ")
			if turned {
				o, t = t, o
			}
			r.Options = append(r.Options, exam.Pair(from[o], to[t]))
		}
		return r
	})
}

// gapMatch converts gaps in a text that take choices: the gaps are the options, with numbers in the text, and the choices the targets.
func (j *job) gapMatch() {
	gaps := slices.Clone(j.in.Targets)
	j.gaps = make(map[string]string)
	for i := range gaps {
		number := fmt.Sprintf("(%d)", i+1)
		j.gaps[gaps[i].ID] = " " + number + " ____ "
		gaps[i].Blocks = []body.Block{&body.Paragraph{Inlines: []body.Inline{&body.Text{Text: number}}}}
	}
	j.once("the gaps in its text have numbers, to which the choices are matched")
	j.pairs(gaps, j.in.Choices, true)
}

func (j *job) short() {
	d := j.it.Response(j.in.Response)
	j.item.Kind = string(exam.Short)
	if d == nil || d.Card != processing.Single {
		j.refuse("its response is no single value")
		return
	}
	if j.in.Pattern != "" {
		j.once("that an answer has a certain form is not checked")
	}
	if !j.it.MachineMarked() && j.key(d).IsNull() {
		j.byHand()
		return
	}
	right := j.key(d).Strings()
	if d.Mapping != nil {
		best := 0.0
		for _, e := range d.Mapping.Entries {
			best = max(best, e.Points)
		}
		for _, e := range d.Mapping.Entries {
			if text := e.Key.String(); e.Points == best && !slices.Contains(right, text) {
				right = append(right, text)
			} else if e.Points > 0 && e.Points < best {
				j.refuse("it gives %g of %g points for %q; a paper marks all or nothing", e.Points, best, text)
			}
		}
	}
	if len(right) == 0 {
		j.refuse("it says no right answer")
		return
	}
	j.item.Key = right
	wrong := [][]string{nil}
	if d.Base == processing.Integer || d.Base == processing.Float {
		tries, ok := j.numeric(d, right)
		if !ok {
			return
		}
		wrong = append(wrong, tries...)
	} else {
		for _, r := range right {
			wrong = append(wrong, []string{r + "x"}, []string{"x" + r}, []string{"x" + r + "x"})
		}
		if d.Mapping == nil || slices.ContainsFunc(d.Mapping.Entries, func(e processing.MapEntry) bool { return !e.Fold }) {
			j.once("answers are compared without regard to capital letters and outer space")
		}
	}
	var keys [][]string
	for _, r := range right {
		keys = append(keys, []string{r})
	}
	j.tried(d, keys, wrong, func(texts []string) exam.Response { return exam.Response{Text: strings.Join(texts, "")} })
}

func (j *job) long() {
	d := j.it.Response(j.in.Response)
	j.item.Kind = string(exam.Long)
	if d == nil || d.Card != processing.Single || j.in.Max > 1 || j.in.Min > 1 {
		j.refuse("several texts are asked for")
		return
	}
	if j.it.MachineMarked() {
		if !j.key(d).IsNull() || d.Mapping != nil || j.earns(d) {
			j.refuse("a text in paragraphs is marked by the machine, and in a paper by a person")
			return
		}
		j.once("its rules give no points for a text; a person marks it")
	}
	if j.in.Format == "xhtml" {
		j.once("the answer has no bold or slanted letters")
	}
	if !j.key(d).IsNull() {
		j.once("its model answer is not kept")
	}
	j.byHand()
}

// earns reports whether the machine gives points for some text.
func (j *job) earns(d *processing.Declaration) bool {
	for _, text := range [...]string{"a", "1", "A longer text, of which nobody knows whether it is right.\nIt has two lines."} {
		if x, err := j.mark(d, []string{text}); err == nil && x > 0 {
			return true
		}
	}
	return false
}

// byHand sets the points of an item that a person marks.
func (j *job) byHand() {
	x, ok := j.it.MaxScore()
	if !ok || j.others != nil {
		x = 1
		j.once("it says no points; 1 was put")
	}
	j.points(x)
}

func (j *job) points(x float64) {
	if x < 1 || x > 1000 || x != math.Trunc(x) {
		j.refuse("it gives %g points; a paper's item gives a whole number from 1 to 1000", x)
		return
	}
	j.item.Points = int(x)
}
