package convert

import (
	"fmt"
	"maps"
	"strings"

	"emtihan/exam"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/processing"
)

// maxPlaces bounds the places in which one item may be answered.
const maxPlaces = 30

// composite makes a task of each place in which an item is answered. The text around them is a passage of them all, in which they have
// numbers. The item is taken if its points are the sum of what each place gives, whatever stands in the others.
func (j *job) composite(e entry, blocks []body.Block, all []*body.Interaction) {
	if len(all) > maxPlaces {
		j.refuse("it is answered in %d places, more than %d", len(all), maxPlaces)
		return
	}
	keys := make(map[string]processing.Value)
	j.numbers = make(map[string]string)
	for i, in := range all {
		d := j.it.Response(in.Response)
		if _, twice := keys[in.Response]; twice || d == nil {
			j.refuse("two of its places have one response, or none")
			return
		}
		keys[in.Response] = j.key(d)
		j.numbers[in.Response] = fmt.Sprintf("(%d)", i+1)
	}
	sum := 0
	for _, in := range all {
		j.in = in
		if in.Kind == body.GapMatch || in.Kind == body.HottextChoice {
			j.refuse("it is answered in %d places, of which one is a %s", len(all), in.Kind)
			return
		}
		part := *j
		part.others = maps.Clone(keys)
		delete(part.others, in.Response)
		if !part.interaction() {
			return
		}
		number := j.numbers[in.Response]
		j.numbers[in.Response] = ""
		text := number
		if prompt := j.blocks(in.Prompt); prompt != "" {
			text += "\n\n" + prompt
		}
		j.numbers[in.Response] = number
		part.item.Text = exam.Text{j.c.opt.Lang: text}
		sum += part.item.Points
		j.parts = append(j.parts, part.item)
	}
	if most, ok := j.it.MaxScore(); ok && float64(sum) != most*j.weight {
		j.refuse("its places give %d of the %g points that it states", sum, most*j.weight)
		return
	}
	passages, blocks := j.shared(e, blocks)
	whole := strings.Join(append(passages, j.blocks(blocks)), "\n\n")
	if len(j.report.Refused) > 0 {
		return
	}
	id := j.c.passage(whole)
	for i := range j.parts {
		j.parts[i].Passage = id
	}
}
