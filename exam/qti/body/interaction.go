package body

import (
	"strconv"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

var kinds = map[string]Kind{
	"choice-interaction": Choice, "inline-choice-interaction": InlineChoice, "text-entry-interaction": TextEntry,
	"extended-text-interaction": ExtendedText, "order-interaction": Order, "associate-interaction": Associate,
	"match-interaction": Match, "gap-match-interaction": GapMatch, "hottext-interaction": HottextChoice, "hotspot-interaction": Hotspot,
	"select-point-interaction": SelectPoint, "graphic-order-interaction": GraphicOrder, "graphic-associate-interaction": GraphicAssoc,
	"graphic-gap-match-interaction": GraphicGapMatch, "position-object-interaction": PositionObject, "slider-interaction": Slider,
	"media-interaction": MediaPlay, "drawing-interaction": Drawing, "upload-interaction": Upload, "end-attempt-interaction": EndAttempt,
	"custom-interaction": Custom, "portable-custom-interaction": Custom,
}

func (f *flow) interaction(n *xmltree.Node, st inlineState) {
	r := f.r
	if n.Name == "position-object-stage" {
		f.positions(n, st)
		return
	}
	kind, ok := kinds[n.Name]
	if !ok {
		r.Report(finding.Unsupported, n, "the interaction %s is not known", n.Raw)
		n.Skip()
		return
	}
	in := r.interaction(n, kind, st)
	if in == nil {
		return
	}
	if kind == InlineChoice || kind == TextEntry || kind == EndAttempt || f.inlineOnly {
		f.put(in)
		return
	}
	f.add(in)
}

func (f *flow) positions(n *xmltree.Node, st inlineState) {
	var stage *Image
	for c := range n.Elements() {
		switch c.Name {
		case "object", "img", "picture":
			stage = f.r.picture(c, st)
		case "position-object-interaction":
			if in := f.r.interaction(c, PositionObject, st); in != nil {
				in.Stage = stage
				f.add(in)
			}
		}
	}
	if stage == nil {
		f.r.Report(finding.Invalid, n, "the stage has no picture")
	}
}

// picture reads object, img or picture where a picture is asked for.
func (r *Reader) picture(n *xmltree.Node, st inlineState) *Image {
	f := flow{r: r, inlineOnly: true}
	f.node(n, st)
	for _, i := range f.line {
		if im, ok := i.(*Image); ok {
			return im
		}
	}
	return nil
}

// count reads a number that is not negative.
func (r *Reader) count(n *xmltree.Node, name string, usual int) int {
	text, ok := n.Lookup(name)
	if !ok || strings.TrimSpace(text) == "" {
		return usual
	}
	v, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || v < 0 {
		r.Report(finding.Warning, n, "%s=%q is no count; %d is taken", name, text, usual)
		return usual
	}
	return min(v, 1_000_000)
}

func (r *Reader) number(n *xmltree.Node, name string, usual float64) float64 {
	text, ok := n.Lookup(name)
	if !ok || strings.TrimSpace(text) == "" {
		return usual
	}
	s, err := processing.ParseScalar(processing.Float, text)
	if err != nil {
		r.Report(finding.Warning, n, "%s: %v; %g is taken", name, err, usual)
		return usual
	}
	return s.X
}

// limits reads the bounds of a kind under the names it may have; the standard's default differs by kind.
func (r *Reader) limits(n *xmltree.Node, in *Interaction) {
	switch in.Kind {
	case Choice, HottextChoice, Hotspot, SelectPoint, PositionObject:
		in.Max = r.count(n, "max-choices", map[bool]int{true: 1, false: 0}[in.Kind == Choice || in.Kind == HottextChoice || in.Kind == Hotspot || in.Kind == SelectPoint])
		in.Min = r.count(n, "min-choices", 0)
	case Order, GraphicOrder:
		in.Max = r.count(n, "max-choices", 0)
		in.Min = r.count(n, "min-choices", 0)
	case Associate, Match, GraphicAssoc:
		in.Max = r.count(n, "max-associations", 1)
		in.Min = r.count(n, "min-associations", 0)
	case GapMatch, GraphicGapMatch:
		in.Max = r.count(n, "max-associations", 0)
		in.Min = r.count(n, "min-associations", 0)
	case ExtendedText:
		in.Max = r.count(n, "max-strings", 0)
		in.Min = r.count(n, "min-strings", 0)
	case MediaPlay:
		in.Max = r.count(n, "max-plays", 0)
		in.Min = r.count(n, "min-plays", 0)
	case InlineChoice:
		in.Max = 1
		if n.Attr("required") == "true" {
			in.Min = 1
		}
	}
	if in.Max > 0 && in.Min > in.Max {
		r.Report(finding.Warning, n, "at least %d and at most %d are asked for; the lower bound is ignored", in.Min, in.Max)
		in.Min = 0
	}
}

func (r *Reader) interaction(n *xmltree.Node, kind Kind, st inlineState) *Interaction {
	in := &Interaction{Kind: kind, Response: strings.TrimSpace(n.Attr("response-identifier")), Class: n.Attr("class"), Line: n.Line, Number: 10}
	r.Interactions = append(r.Interactions, in)
	if !kind.Answerable() {
		r.Report(finding.Unsupported, n, "%s interactions cannot be answered here", kind)
		r.unanswerable(n, in, st)
		return in
	}
	in.Shuffle = n.Attr("shuffle") == "true"
	in.Orientation = n.Attr("orientation")
	r.limits(n, in)
	switch kind {
	case TextEntry, ExtendedText:
		in.ExpectedLength = r.count(n, "expected-length", 0)
		in.ExpectedLines = r.count(n, "expected-lines", 0)
		in.Pattern, in.Placeholder, in.Format = n.Attr("pattern-mask"), n.Attr("placeholder-text"), n.Attr("format")
		in.Number = r.count(n, "base", 10)
		if in.Pattern != "" {
			if _, err := processing.ParsePattern(in.Pattern); err != nil {
				r.Report(finding.Warning, n, "pattern-mask: %v; any text is taken", err)
				in.Pattern = ""
			}
		}
		if id := n.Attr("string-identifier"); id != "" {
			r.Report(finding.Note, n, "the typed text is not kept a second time in the variable %s", id)
		}
	case Slider:
		in.Lower, in.Upper, in.Step = r.number(n, "lower-bound", 0), r.number(n, "upper-bound", 100), r.number(n, "step", 0)
		in.Reverse, in.StepLabels = n.Attr("reverse") == "true", n.Attr("step-label") == "true"
		if in.Upper <= in.Lower || in.Step < 0 {
			r.Report(finding.Invalid, n, "the slider goes from %g to %g in steps of %g", in.Lower, in.Upper, in.Step)
		}
	case MediaPlay:
		in.Autostart, in.Loop = n.Attr("autostart") == "true", n.Attr("loop") == "true"
		n.Attr("coords")
	case PositionObject:
		n.Attr("center-point")
	case EndAttempt:
		in.Placeholder = n.Attr("title")
		n.Attr("count-attempt")
	}
	r.parts(n, in, st)
	r.checkParts(n, in)
	return in
}

// unanswerable reads what a candidate would see of an interaction that cannot be answered: its prompt and picture, and of custom
// ones the markup. The rest belongs to the program of one vendor.
func (r *Reader) unanswerable(n *xmltree.Node, in *Interaction, st inlineState) {
	content := flow{r: r}
	for _, c := range n.Children {
		switch {
		case c.IsText():
		case c.Name == "prompt":
			in.Prompt = r.Blocks(c)
		case in.Kind == Drawing && (c.Name == "object" || c.Name == "img" || c.Name == "picture") && in.Stage == nil:
			in.Stage = r.picture(c, st)
		case in.Kind == Custom && (c.Name == "interaction-markup" || c.Name == "markup"):
			content.children(c, st)
		case in.Kind == Custom && c.Space == xmltree.QTI && (c.Name == "p" || c.Name == "span" || c.Name == "ul" || c.Name == "ol" || c.Name == "table" || c.Name == "img" || groups[c.Name]):
			content.node(c, st)
		}
	}
	in.Content = content.done()
	n.Skip()
}

// parts reads what stands in an interaction.
func (r *Reader) parts(n *xmltree.Node, in *Interaction, st inlineState) {
	content := flow{r: r}
	switch in.Kind {
	case GapMatch:
		defer func(old *[]Option) { r.gaps = old }(r.gaps)
		r.gaps = &in.Targets
	case HottextChoice:
		defer func(old *[]Option) { r.hottexts = old }(r.hottexts)
		r.hottexts = &in.Choices
	}
	for _, c := range n.Children {
		switch c.Name {
		case "prompt":
			in.Prompt = r.Blocks(c)
		case "label":
			if in.Kind == InlineChoice {
				in.Placeholder = strings.TrimSpace(collapse(c.Content()))
				continue
			}
			content.node(c, st)
		case "simple-choice", "inline-choice", "simple-associable-choice", "gap-text", "gap-img", "hotspot-choice", "associable-hotspot":
			o := r.option(c, st)
			if in.Kind == GraphicGapMatch && c.Name == "associable-hotspot" {
				in.Targets = append(in.Targets, o)
			} else {
				in.Choices = append(in.Choices, o)
			}
		case "simple-match-set":
			var set []Option
			for d := range c.Elements() {
				if d.Name == "simple-associable-choice" {
					set = append(set, r.option(d, st))
				}
			}
			if in.Choices == nil {
				in.Choices = set
			} else {
				in.Targets = append(in.Targets, set...)
			}
		case "object", "img", "picture", "audio", "video":
			r.part(c, in, &content, st)
		default:
			content.node(c, st)
		}
	}
	in.Content = content.done()
}

func (r *Reader) part(c *xmltree.Node, in *Interaction, content *flow, st inlineState) {
	switch in.Kind {
	case Hotspot, SelectPoint, GraphicOrder, GraphicAssoc, GraphicGapMatch:
		if in.Stage == nil {
			in.Stage = r.picture(c, st)
			return
		}
	case PositionObject:
		if in.Object == nil {
			in.Object = r.picture(c, st)
			return
		}
	case MediaPlay:
		if in.Media == nil {
			media, im, _ := r.object(c, st)
			if im != nil {
				media = &Media{Kind: "image", Source: im.Source, Alt: im.Alt, Width: im.Width, Height: im.Height}
			}
			in.Media = media
			return
		}
	}
	content.node(c, st)
}

func (r *Reader) option(n *xmltree.Node, st inlineState) Option {
	o := Option{ID: strings.TrimSpace(n.Attr("identifier")), Fixed: n.Attr("fixed") == "true", Group: n.Attr("match-group"), Label: n.Attr("hotspot-label")}
	if o.Label == "" {
		o.Label = n.Attr("object-label")
	}
	if o.ID == "" {
		r.Report(finding.Invalid, n, "a choice has no identifier")
	}
	o.When = templateCondition(n, o.ID)
	switch n.Name {
	case "simple-associable-choice", "gap-text", "gap-img", "associable-hotspot":
		// QTI 2 asks for match-max; where it is missing, tools mean one.
		o.MatchMax = r.count(n, "match-max", 1)
		o.MatchMin = r.count(n, "match-min", 0)
	}
	switch n.Name {
	case "hotspot-choice", "associable-hotspot":
		area, err := processing.ParseArea(n.Attr("shape"), n.Attr("coords"))
		if err != nil {
			r.Report(finding.Invalid, n, "the area %s: %v", o.ID, err)
		}
		o.Area = area
		n.Skip()
		return o
	case "gap-img":
		n.Attr("top")
		n.Attr("left")
		for c := range n.Elements() {
			if im := r.picture(c, st); im != nil {
				o.Image = im
			}
		}
		if o.Image == nil {
			r.Report(finding.Invalid, n, "the choice %s has no picture", o.ID)
		}
		return o
	}
	f := flow{r: r}
	n.See()
	f.children(n, st)
	o.Blocks = f.done()
	return o
}

func (r *Reader) checkParts(n *xmltree.Node, in *Interaction) {
	if in.Response == "" {
		r.Report(finding.Invalid, n, "the interaction names no response variable")
	}
	if len(in.Content) > 0 && in.Kind != GapMatch && in.Kind != HottextChoice {
		r.Report(finding.Warning, n, "content stands in the interaction that is no part of it; it is read as a part of its prompt")
		in.Prompt, in.Content = append(in.Prompt, in.Content...), nil
	}
	seen := make(map[string]bool)
	for _, set := range [...][]Option{in.Choices, in.Targets} {
		for _, o := range set {
			if seen[o.ID] && o.ID != "" {
				r.Report(finding.Invalid, n, "the choice %s stands twice", o.ID)
			}
			seen[o.ID] = true
		}
	}
	need := func(ok bool, what string) {
		if !ok {
			r.Report(finding.Invalid, n, "the %s interaction has no %s", in.Kind, what)
		}
	}
	switch in.Kind {
	case Choice, InlineChoice, Order, Associate:
		need(len(in.Choices) > 0, "choices")
	case HottextChoice:
		need(len(in.Choices) > 0, "hottexts")
	case Match:
		need(len(in.Choices) > 0 && len(in.Targets) > 0, "two sets of choices")
	case GapMatch:
		need(len(in.Choices) > 0, "choices")
		need(len(in.Targets) > 0, "gaps")
	case Hotspot, GraphicOrder, GraphicAssoc:
		need(in.Stage != nil, "picture")
		need(len(in.Choices) > 0, "areas")
	case GraphicGapMatch:
		need(in.Stage != nil, "picture")
		need(len(in.Choices) > 0 && len(in.Targets) > 0, "choices and areas")
	case SelectPoint:
		need(in.Stage != nil, "picture")
	case PositionObject:
		need(in.Object != nil, "picture to place")
	case MediaPlay:
		need(in.Media != nil, "media")
	}
}
