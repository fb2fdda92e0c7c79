package convert

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/exam/qti/processing"

	"github.com/BurntSushi/toml"
)

// tried marks right and wrong responses by the item's own rules and by the paper's. The item is taken only if one of the paper's schemes gives
// all of them the same points. paper says how a response stands in the paper.
func (j *job) tried(d *processing.Declaration, right, wrong [][]string, paper func([]string) exam.Response) {
	if len(j.report.Refused) > 0 {
		return
	}
	if !j.it.MachineMarked() {
		if !j.it.Processing.Empty() || !j.it.Processing.Supported() {
			j.refuse("its rules cannot be run")
			return
		}
		j.once("it has a key and no rules; the key marks it in the paper")
		j.byHand()
		j.schemed(exam.MarkWhole)
		return
	}
	full := math.NaN()
	for _, r := range right {
		x, err := j.mark(d, r)
		switch {
		case err != nil:
			j.refuse("its key %q cannot be marked: %v", r, err)
			return
		case !math.IsNaN(full) && x != full:
			j.refuse("its right answers give %g and %g points; a paper marks them alike", full, x)
			return
		}
		full = x
	}
	if most, ok := j.it.MaxScore(); ok && j.others == nil && full != most {
		j.refuse("its key gives %g of the %g points that it states", full, most)
		return
	}
	if j.points(full * j.weight); j.item.Points == 0 {
		return
	}
	var tries []attempt
	partial := false
	for _, w := range wrong {
		x, err := j.mark(d, w)
		if err != nil {
			continue // no response of this type
		}
		if x < 0 {
			j.once("wrong answers that take points away give none")
			x = 0
		}
		partial = partial || x > 0
		tries = append(tries, attempt{w, paper(w), x * j.weight})
	}
	for _, r := range right {
		tries = append(tries, attempt{r, paper(r), full * j.weight})
	}
	schemes := []exam.Scheme{exam.MarkWhole}
	if partial && j.item.Kind != string(exam.Single) && j.item.Kind != string(exam.Short) {
		schemes = append(schemes, exam.MarkParts, exam.MarkMistakes)
	}
	var first *attempt
	for _, scheme := range schemes {
		bad := j.differs(scheme, tries)
		if bad == nil {
			j.schemed(scheme)
			return
		}
		if first == nil {
			first = bad
		}
	}
	j.refuse("it gives %g of %g points for %q; a paper marks all or nothing, by parts or by mistakes", first.points, full*j.weight, strings.Join(first.texts, ", "))
}

// attempt is a response and what the item's own rules give for it.
type attempt struct {
	texts  []string
	paper  exam.Response
	points float64
}

// schemed writes down how a paper marks the item, whatever the profile says.
func (j *job) schemed(scheme exam.Scheme) {
	switch exam.ItemKind(j.item.Kind) {
	case exam.Multiple, exam.Match, exam.Order:
		j.item.Marking = string(scheme)
	}
}

// differs returns an attempt for which the paper gives other points under the scheme, or nil.
func (j *job) differs(scheme exam.Scheme, tries []attempt) *attempt {
	one := j.item
	one.ID, one.Passage, one.Text = "Q", "", exam.Text{"en": "q"}
	plain := func(in []paperOption) (out []paperOption) {
		for _, o := range in {
			out = append(out, paperOption{ID: o.ID, Text: exam.Text{"en": "o"}})
		}
		return out
	}
	one.Options, one.Targets = plain(one.Options), plain(one.Targets)
	switch exam.ItemKind(one.Kind) {
	case exam.Multiple, exam.Match, exam.Order:
		one.Marking = string(scheme)
	}
	var out bytes.Buffer
	whole := paper{Format: 1, ID: "p", Languages: []string{"en"}, Title: exam.Text{"en": "p"}, Blocks: []paperBlock{{ID: "b", Title: exam.Text{"en": "b"}, Items: []paperItem{one}}}}
	if err := toml.NewEncoder(&out).Encode(whole); err != nil {
		j.refuse("%v", err)
		return nil
	}
	p, err := exam.ParsePaper(out.Bytes())
	if err != nil {
		j.refuse("a paper cannot hold it: %v", err)
		return nil
	}
	for i, t := range tries {
		if x, _ := p.Points([]exam.Response{t.paper}); math.Abs(float64(x)-t.points) > 1e-9 {
			return &tries[i]
		}
	}
	return nil
}

// mark returns what the item's rules give for a response; of one of several places, what it adds to the others.
func (j *job) mark(d *processing.Declaration, texts []string) (float64, error) {
	if j.others == nil {
		return j.score(d, texts, nil)
	}
	var added [2]float64
	for i, others := range [...]map[string]processing.Value{nil, j.others} {
		with, err := j.score(d, texts, others)
		if err != nil {
			return 0, err
		}
		without, err := j.score(d, nil, others)
		if err != nil {
			return 0, err
		}
		nothing, err := j.score(d, nil, nil)
		if err != nil {
			return 0, err
		}
		if added[i] = with - without; i == 0 {
			added[i] += nothing // what no answer gives is the first place's
		}
	}
	if math.Abs(added[0]-added[1]) > 1e-9 {
		j.refuse("what one of its places gives depends on the others (%g or %g points)", added[0], added[1])
	}
	return added[1], nil
}

func (j *job) score(d *processing.Declaration, texts []string, others map[string]processing.Value) (float64, error) {
	s, err := j.it.Start(1)
	if err != nil {
		return 0, err
	}
	for id, v := range others {
		if err := s.Answer(id, v); err != nil {
			return 0, err
		}
	}
	if len(texts) > 0 {
		if err := s.AnswerText(d.ID, texts...); err != nil {
			return 0, err
		}
	}
	if _, err := s.Mark(); err != nil {
		return 0, err
	}
	x, ok := s.Score()
	if !ok {
		x = 0
	}
	return x, nil
}

// numeric finds by the item's own rules how far a number may lie from the key, and returns numbers inside, at and beyond that bound to be
// tried.
func (j *job) numeric(d *processing.Declaration, right []string) (tries [][]string, ok bool) {
	j.item.Key = nil
	j.item.Tolerance = "0"
	for _, r := range right {
		x, err := strconv.ParseFloat(r, 64)
		if err != nil || math.Abs(x) > 1e15 {
			j.refuse("its key %q is no decimal number", r)
			return nil, false
		}
		j.item.Key = append(j.item.Key, trim(x))
		add := func(y float64) {
			if d.Base == processing.Float || y == math.Trunc(y) {
				tries = append(tries, []string{trim(y)})
			}
		}
		for _, off := range [...]float64{1, 0.1, 0.01, 0.001, 1e-6, 0.01 * x} {
			add(x + off)
			add(x - off)
		}
		if !j.it.MachineMarked() || d.Base == processing.Integer {
			continue
		}
		full, err := j.mark(d, []string{r})
		if err != nil {
			j.refuse("its key %q cannot be marked: %v", r, err)
			return nil, false
		}
		scale := max(math.Abs(x), 1)
		up, down := j.reach(d, x, full, scale, 1), j.reach(d, x, full, scale, -1)
		if math.Abs(up-down) > 1e-6*scale {
			j.refuse("numbers may lie %.6g above its key and %.6g below, and a paper has one tolerance", up, down)
			return nil, false
		}
		t := decimalPlaces(up)
		if len(right) > 1 && t > 0 {
			j.refuse("it has several right numbers with a tolerance")
			return nil, false
		}
		if t > 0 {
			j.item.Tolerance = trim(t)
		}
		for _, part := range [...]float64{0.5, 0.99, 1.01, 1.5} {
			add(x + t*part)
			add(x - t*part)
		}
		// Whether the bound itself is inside differs by less than anybody types.
	}
	return tries, true
}

// reach returns how far from x, upwards or downwards, numbers still get full points.
func (j *job) reach(d *processing.Declaration, x, full, scale, sign float64) float64 {
	inside := func(t float64) bool {
		y, err := j.mark(d, []string{strconv.FormatFloat(x+sign*t, 'f', -1, 64)})
		return err == nil && y == full
	}
	low, high := 0.0, math.NaN()
	for t := 1e-9 * scale; t <= 100*scale; t *= 2 {
		if !inside(t) {
			high = t
			break
		}
		low = t
	}
	if math.IsNaN(high) {
		return low
	}
	for range 40 {
		if middle := (low + high) / 2; inside(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// decimalPlaces returns the tolerance as its author wrote it, which the search only comes near to.
func decimalPlaces(t float64) float64 {
	if t < 1e-8 {
		return 0
	}
	y, err := strconv.ParseFloat(strconv.FormatFloat(t, 'e', 5, 64), 64)
	if err != nil {
		return t
	}
	return y
}

// trim writes a number as a paper reads it.
func trim(x float64) string {
	s := strconv.FormatFloat(x, 'f', 12, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
