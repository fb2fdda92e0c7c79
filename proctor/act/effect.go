package act

import (
	"slices"

	"emtihan/exam"
)

// Effects returns what will follow from the draft when it is signed (R20): that of its form and of the options chosen, each
// once. An act of an appendix that corrects another one restates it, so what followed from the other is lifted first; the
// free form lifts only where that is chosen.
func (d Draft) Effects() []exam.Effect {
	var out []exam.Effect
	add := func(effects ...exam.Effect) {
		for _, e := range effects {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	if d.Fields[FieldCorrects] != "" && d.Form.ID != Free {
		add(exam.EffectLift)
	}
	add(d.Form.Effects...)
	for _, e := range d.chosen() {
		add(e.Effects...)
	}
	return out
}

// Effects returns what follows from an act, as it was fixed when the act was drawn up: a template that is edited later
// changes no act (R19).
func Effects(a exam.ActDrawn) []exam.Effect {
	var out []exam.Effect
	for _, id := range Split(a.Fields[FieldEffects]) {
		out = append(out, exam.Effect(id))
	}
	return out
}

// Tie returns what an attempt's log notes of the act: command exam.TieAct with it brings the effects about. An act about a
// room is tied to every attempt in it that has not ended.
func Tie(a exam.ActDrawn) exam.ActTied {
	t := exam.ActTied{Number: a.Number, Form: a.Form, By: a.By, Digest: a.Digest, Effects: Effects(a), Corrects: a.Fields[FieldCorrects]}
	if slices.Contains(t.Effects, exam.EffectMoved) {
		t.Seat = a.Fields[FieldNewSeat]
	}
	return t
}
