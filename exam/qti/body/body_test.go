package body_test

import (
	"fmt"
	"strings"
	"testing"

	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

type reports []string

func read(t testing.TB, text string) ([]body.Block, *body.Reader, *reports) {
	t.Helper()
	doc, err := xmltree.Parse([]byte(`<itemBody xmlns:m="http://www.w3.org/1998/Math/MathML">`+text+`</itemBody>`), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := new(reports)
	reader := &body.Reader{
		Report: func(s finding.Severity, n *xmltree.Node, format string, args ...any) {
			*r = append(*r, fmt.Sprintf("%s <%s> %s", s, n.Raw, fmt.Sprintf(format, args...)))
		},
		Resolve: func(_ *xmltree.Node, href string) string { return "pkg/" + href },
	}
	blocks := reader.Blocks(doc.Root)
	doc.Root.Unseen(func(n *xmltree.Node, attr string) {
		*r = append(*r, "unseen <"+n.Raw+"> "+attr+strings.TrimSpace(n.Text))
	})
	return blocks, reader, r
}

var styles = []struct {
	style body.Style
	sign  string
}{{body.Bold, "b"}, {body.Italic, "i"}, {body.Underline, "u"}, {body.Strike, "s"}, {body.Code, "c"}, {body.Subscript, "_"}, {body.Superscript, "^"}, {body.Small, "-"}, {body.Big, "+"}, {body.Quoted, "q"}}

// dump writes a tree in one line.
func dump(blocks []body.Block) string {
	var out []string
	for _, b := range blocks {
		switch b := b.(type) {
		case *body.Paragraph:
			out = append(out, "p("+line(b.Inlines)+")")
		case *body.Heading:
			out = append(out, fmt.Sprintf("h%d(%s)", b.Level, line(b.Inlines)))
		case *body.List:
			var items []string
			for _, it := range b.Items {
				term := ""
				if it.Term != nil {
					term = line(it.Term) + "="
				}
				items = append(items, term+dump(it.Blocks))
			}
			name := "ul"
			if b.Ordered {
				name = fmt.Sprintf("ol%d%s", b.Start, b.Type)
			}
			out = append(out, name+"("+strings.Join(items, "; ")+")")
		case *body.Table:
			var rows []string
			for _, r := range b.Rows {
				var cells []string
				for _, c := range r {
					s := dump(c.Blocks)
					if c.Header {
						s = "!" + s
					}
					if c.Columns > 1 || c.Rows > 1 {
						s = fmt.Sprintf("%dx%d:%s", c.Columns, c.Rows, s)
					}
					cells = append(cells, s)
				}
				rows = append(rows, strings.Join(cells, " | "))
			}
			out = append(out, fmt.Sprintf("table%d[%s](%s)", b.Head, line(b.Caption), strings.Join(rows, " / ")))
		case *body.Quote:
			out = append(out, "quote("+dump(b.Blocks)+")")
		case *body.Preformatted:
			out = append(out, "pre("+line(b.Inlines)+")")
		case *body.Rule:
			out = append(out, "rule")
		case *body.Group:
			out = append(out, b.Role+"."+b.Class+"("+dump(b.Blocks)+")")
		case *body.Conditional:
			out = append(out, fmt.Sprintf("if[%s=%s %v]("+dump(b.Blocks)+")", b.Variable, b.Value, b.Show))
		case *body.Media:
			out = append(out, fmt.Sprintf("%s[%s %dx%d %s](%s)", b.Kind, b.Source, b.Width, b.Height, b.Alt, b.Captions))
		case *body.Rubric:
			out = append(out, "rubric["+b.View+"]("+dump(b.Blocks)+")")
		case *body.Interaction:
			out = append(out, interaction(b))
		}
	}
	return strings.Join(out, " ")
}

func line(in []body.Inline) string {
	var b strings.Builder
	for _, i := range in {
		switch i := i.(type) {
		case *body.Text:
			signs := ""
			for _, s := range styles {
				if i.Style&s.style != 0 {
					signs += s.sign
				}
			}
			if i.Lang != "" {
				signs += "@" + i.Lang
			}
			if signs != "" {
				fmt.Fprintf(&b, "{%s:%s}", signs, i.Text)
			} else {
				b.WriteString(i.Text)
			}
		case *body.Break:
			b.WriteString("⏎")
		case *body.Image:
			fmt.Fprintf(&b, "<img %s%s %dx%d %q>", i.Source, i.SVG, i.Width, i.Height, i.Alt)
		case *body.Math:
			b.WriteString("$" + i.Readable + "$")
		case *body.Ruby:
			b.WriteString("ruby(" + line(i.Base) + "/" + i.Reading + ")")
		case *body.Link:
			b.WriteString("link(" + line(i.Inlines) + ")")
		case *body.Variable:
			b.WriteString("${" + i.ID + "}")
		case *body.Gap:
			b.WriteString("gap:" + i.ID)
		case *body.Hottext:
			b.WriteString("hot:" + i.ID + "(" + line(i.Inlines) + ")")
		case *body.When:
			fmt.Fprintf(&b, "if[%s=%s %v](%s)", i.Variable, i.Value, i.Show, line(i.Inlines))
		case *body.Interaction:
			b.WriteString(interaction(i))
		}
	}
	return b.String()
}

func interaction(in *body.Interaction) string {
	set := func(options []body.Option) string {
		var out []string
		for _, o := range options {
			s := o.ID
			if len(o.Blocks) > 0 {
				s += "=" + dump(o.Blocks)
			}
			if o.Image != nil {
				s += "=" + line([]body.Inline{o.Image})
			}
			if o.Area.Shape != "" {
				s += fmt.Sprintf("@%s%v", o.Area.Shape, o.Area.Coords)
			}
			if o.Fixed {
				s += "!"
			}
			if o.MatchMax > 0 {
				s += fmt.Sprintf("×%d", o.MatchMax)
			}
			out = append(out, s)
		}
		return strings.Join(out, ", ")
	}
	s := fmt.Sprintf("%s:%s[%d..%d]", in.Kind, in.Response, in.Min, in.Max)
	if in.Prompt != nil {
		s += "?" + dump(in.Prompt)
	}
	if in.Stage != nil {
		s += line([]body.Inline{in.Stage})
	}
	if in.Choices != nil {
		s += "(" + set(in.Choices) + ")"
	}
	if in.Targets != nil {
		s += "→(" + set(in.Targets) + ")"
	}
	if in.Content != nil {
		s += "{" + dump(in.Content) + "}"
	}
	return s
}

func TestMarkup(t *testing.T) {
	tests := []struct{ name, xml, want, report string }{
		{"paragraphs and spaces", "<p> one\n  two <b>three</b> </p>\n four <p/>", "p(one two {b:three}) p(four)", ""},
		{"styles", "<p>H<sub>2</sub>O, <i>x<sup>2</sup></i> <em><strong>both</strong></em> <span xml:lang='kk'>сөз</span></p>", "p(H{_:2}O, {i:x}{i^:2} {bi:both} {@kk:сөз})", ""},
		{"no-break spaces stay", "<p>&nbsp;a&nbsp; b</p>", "p(\u00a0a\u00a0 b)", ""},
		{"breaks", "<p>one <br/> two</p>", "p(one⏎two)", ""},
		{"heading", "<h2>Title</h2><hr/>", "h2(Title) rule", ""},
		{"lists", "<ol start='3' type='a'><li>one</li><li><p>two</p><ul><li>deep</li></ul></li></ol>", "ol3a(p(one); p(two) ul(p(deep)))", ""},
		{"definitions", "<dl><dt>term</dt><dd>text</dd></dl>", "ul(term=p(text))", ""},
		{
			"table", "<table summary='s'><caption>C</caption><colgroup><col/></colgroup><thead><tr><th scope='col'>A</th><th>B</th></tr></thead><tbody><tr><td colspan='2' rowspan='3'>x</td></tr></tbody></table>",
			"table1[C](!p(A) | !p(B) / 2x3:p(x))", "",
		},
		{"endless span", "<table><tr><td colspan='999999999'/></tr></table>", "table0[](1000x1:)", ""},
		{"quote and pre", "<blockquote><p>q</p></blockquote><pre> a\n  b</pre>", "quote(p(q)) pre( a\n  b)", ""},
		{"divs", "<div><p>a</p><div class='box'>b</div></div>", "p(a) div.box(p(b))", ""},
		{"picture", "<p><img src='a.png' alt='an a' width='10' height='20px'/></p>", `p(<img pkg/a.png 10x20 "an a">)`, ""},
		{"object as picture", "<object data='a.png' type='image/png' width='5'>text</object>", `p(<img pkg/a.png 5x0 "text">)`, ""},
		{"object as sound", "<object data='a.mp3' type='audio/mpeg'>text</object>", "audio[pkg/a.mp3 0x0 text]()", ""},
		{"video", "<video width='320' height='200'><source src='a.mp4' type='video/mp4'/><source src='a.webm'/><track src='a.vtt' kind='captions'/>none</video>", "video[pkg/a.mp4 320x200 none](pkg/a.vtt)", ""},
		{"object of an unknown kind", "<object data='a.swf' type='application/x-shockwave-flash'>text</object>", "p(text)", "unsupported <object>"},
		{"object with a picture instead", "<object data='a.swf' type='application/x-shockwave-flash'><object data='a.png' type='image/png'>alt</object></object>", `p(<img pkg/a.png 0x0 "alt">)`, "warning <object>"},
		{"object with a picture in a better format", "<object data='a.eps' type='image/eps'><object data='a.png' type='image/png'><blockquote><p>alt</p></blockquote></object></object>", `p(<img pkg/a.png 0x0 "alt">)`, "warning <object>"},
		{"picture of another kind", "<p><img src='a.tiff' alt='x'/></p>", `p(<img  0x0 "x">)`, "unsupported <img>"},
		{"svg", "<p><svg xmlns='http://www.w3.org/2000/svg' width='9'><title>T</title><rect/></svg></p>", `p(<img <svg xmlns="http://www.w3.org/2000/svg" width="9"><title>T</title><rect></rect></svg> 9x0 "T">)`, ""},
		{"ruby", "<p><ruby><rb>漢字</rb><rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby></p>", "p(ruby(漢字/かんじ))", ""},
		{"link", "<p>see <a href='http://example.org'>there</a>.</p>", "p(see link(there).)", "note <a> links"},
		{
			"feedback", "<p>a<feedbackInline outcomeIdentifier='F' identifier='x' showHide='show'> b </feedbackInline>c</p><feedbackBlock outcomeIdentifier='F' identifier='y' showHide='hide'><p>d</p></feedbackBlock>",
			"p(aif[F=x true]( b )c) if[F=y false](p(d))", "",
		},
		{"variables", "<p>${<printedVariable identifier='A' format='%d'/>}</p>", "p(${${A}})", ""},
		{"rubric", "<rubricBlock view='candidate scorer'><p>r</p></rubricBlock>", "rubric[candidate scorer](p(r))", ""},
		{"blocks in a line", "<h1>a<ul><li>b</li></ul></h1>", "h1(ab)", "warning <ul>"},
		{"unknown elements keep their text", "<p>a <blink>b</blink></p>", "p(a b)", "warning <blink> the element blink is not known"},
		{"foreign content", "<x xmlns='urn:x'>b</x>", "", `unsupported <x> content of the vocabulary "urn:x"`},
		{"scripts", "<script>evil()</script>", "", "note <script>"},
		{"speech marks", "<p>a <s:sub xmlns:s='http://www.w3.org/2001/10/synthesis' alias='x'>b</s:sub></p>", "p(a b)", "note <sub>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			blocks, _, r := read(t, tt.xml)
			if got := dump(blocks); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := strings.Join(*r, "; "); tt.report == "" && got != "" || !strings.Contains(got, tt.report) {
				t.Errorf("reported %q, want %q", got, tt.report)
			}
		})
	}
}

func TestInteractions(t *testing.T) {
	const stage = `<object data="s.png" type="image/png" width="100" height="50"/>`
	tests := []struct{ name, xml, want, report string }{
		{
			"choice", `<choiceInteraction responseIdentifier="R" maxChoices="2" minChoices="1" shuffle="true"><prompt>Which?</prompt><simpleChoice identifier="A" fixed="true">a</simpleChoice><simpleChoice identifier="B"><p>b</p></simpleChoice></choiceInteraction>`,
			"choice:R[1..2]?p(Which?)(A=p(a)!, B=p(b))", "",
		},
		{"choice without a number takes one", `<choiceInteraction responseIdentifier="R"><simpleChoice identifier="A">a</simpleChoice></choiceInteraction>`, "choice:R[0..1](A=p(a))", ""},
		{"3.0", `<qti-choice-interaction response-identifier="R" max-choices="0"><qti-prompt>Q</qti-prompt><qti-simple-choice identifier="A">a</qti-simple-choice></qti-choice-interaction>`, "choice:R[0..0]?p(Q)(A=p(a))", ""},
		{"inline choice", `<p>a <inlineChoiceInteraction responseIdentifier="R"><inlineChoice identifier="X">x</inlineChoice></inlineChoiceInteraction> b</p>`, "p(a inlineChoice:R[0..1](X=p(x)) b)", ""},
		{"text entry", `<p>a <textEntryInteraction responseIdentifier="R" expectedLength="5" patternMask="[a-z]+"/>.</p>`, "p(a textEntry:R[0..0].)", ""},
		{"text entry with a mask that is not read", `<p><textEntryInteraction responseIdentifier="R" patternMask="[a-z-[aeiou]](("/></p>`, "p(textEntry:R[0..0])", "warning <textEntryInteraction> pattern-mask"},
		{"extended text", `<extendedTextInteraction responseIdentifier="R" maxStrings="3" expectedLines="10"><prompt>Write</prompt></extendedTextInteraction>`, "extendedText:R[0..3]?p(Write)", ""},
		{"order", `<orderInteraction responseIdentifier="R"><simpleChoice identifier="A">a</simpleChoice></orderInteraction>`, "order:R[0..0](A=p(a))", ""},
		{"associate", `<associateInteraction responseIdentifier="R" maxAssociations="0"><simpleAssociableChoice identifier="A" matchMax="1">a</simpleAssociableChoice></associateInteraction>`, "associate:R[0..0](A=p(a)×1)", ""},
		{
			"match", `<matchInteraction responseIdentifier="R"><simpleMatchSet><simpleAssociableChoice identifier="A" matchMax="2">a</simpleAssociableChoice></simpleMatchSet><simpleMatchSet><simpleAssociableChoice identifier="X" matchMax="0">x</simpleAssociableChoice></simpleMatchSet></matchInteraction>`,
			"match:R[0..1](A=p(a)×2)→(X=p(x))", "",
		},
		{
			"gap match", `<gapMatchInteraction responseIdentifier="R"><gapText identifier="W" matchMax="1">word</gapText><gapImg identifier="I" matchMax="1"><object data="i.png" type="image/png"/></gapImg><p>a <gap identifier="G1"/> b</p></gapMatchInteraction>`,
			`gapMatch:R[0..0](W=p(word)×1, I=<img pkg/i.png 0x0 "">×1)→(G1×1){p(a gap:G1 b)}`, "",
		},
		{"hottext", `<hottextInteraction responseIdentifier="R" maxChoices="1"><p>a <hottext identifier="H">b</hottext> c</p></hottextInteraction>`, "hottext:R[0..1](H=p(b)){p(a hot:H(b) c)}", ""},
		{
			"hotspot", `<hotspotInteraction responseIdentifier="R" maxChoices="1">` + stage + `<hotspotChoice identifier="A" shape="circle" coords="1,2,3" hotspotLabel="l"/></hotspotInteraction>`,
			`hotspot:R[0..1]<img pkg/s.png 100x50 "">(A@circle[1 2 3])`, "",
		},
		{
			"hotspot on a 3.0 picture", `<qti-hotspot-interaction response-identifier="R" max-choices="1"><img src="s.png" alt="map"/><qti-hotspot-choice identifier="A" shape="rect" coords="0,0,1,1"/></qti-hotspot-interaction>`,
			`hotspot:R[0..1]<img pkg/s.png 0x0 "map">(A@rect[0 0 1 1])`, "",
		},
		{"select point", `<selectPointInteraction responseIdentifier="R" maxChoices="3">` + stage + `</selectPointInteraction>`, `selectPoint:R[0..3]<img pkg/s.png 100x50 "">`, ""},
		{
			"graphic gap match", `<graphicGapMatchInteraction responseIdentifier="R">` + stage + `<gapImg identifier="I" matchMax="1"><img src="i.png" alt=""/></gapImg><associableHotspot identifier="A" matchMax="1" shape="default" coords=""/></graphicGapMatchInteraction>`,
			`graphicGapMatch:R[0..0]<img pkg/s.png 100x50 "">(I=<img pkg/i.png 0x0 "">×1)→(A@default[]×1)`, "",
		},
		{
			"position object", `<positionObjectStage>` + stage + `<positionObjectInteraction responseIdentifier="R" maxChoices="2"><object data="o.png" type="image/png"/></positionObjectInteraction></positionObjectStage>`,
			`positionObject:R[0..2]<img pkg/s.png 100x50 "">`, "",
		},
		{"slider", `<sliderInteraction responseIdentifier="R" lowerBound="0" upperBound="10" step="2"/>`, "slider:R[0..0]", ""},
		{"slider upside down", `<sliderInteraction responseIdentifier="R" lowerBound="10" upperBound="1"/>`, "slider:R[0..0]", "invalid <sliderInteraction>"},
		{"media", `<mediaInteraction responseIdentifier="R" maxPlays="2" autostart="false"><object data="a.mp3" type="audio/mpeg"/></mediaInteraction>`, "media:R[0..2]", ""},
		{"upload", `<uploadInteraction responseIdentifier="R"><prompt>p</prompt></uploadInteraction>`, "upload:R[0..0]?p(p)", "unsupported <uploadInteraction> upload interactions cannot be answered"},
		{"portable", `<portableCustomInteraction responseIdentifier="R"/>`, "custom:R[0..0]", "unsupported"},
		{"stray content", `<choiceInteraction responseIdentifier="R"><prompt>Q</prompt>lost<simpleChoice identifier="A"/></choiceInteraction>`, "choice:R[0..1]?p(Q) p(lost)(A)", "content stands in the interaction"},
		{"no choices", `<choiceInteraction responseIdentifier="R"/>`, "choice:R[0..1]", "invalid <choiceInteraction> the choice interaction has no choices"},
		{"one choice twice", `<choiceInteraction responseIdentifier="R"><simpleChoice identifier="A"/><simpleChoice identifier="A"/></choiceInteraction>`, "choice:R[0..1](A, A)", "the choice A stands twice"},
		{"no variable", `<choiceInteraction><simpleChoice identifier="A"/></choiceInteraction>`, "choice:[0..1](A)", "names no response variable"},
		{"gap alone", `<p><gap identifier="G"/></p>`, "p(gap:G)", "invalid <gap>"},
		{"bad area", `<hotspotInteraction responseIdentifier="R">` + stage + `<hotspotChoice identifier="A" shape="rect" coords="1,2"/></hotspotInteraction>`, `hotspot:R[0..1]<img pkg/s.png 100x50 "">(A)`, "invalid <hotspotChoice>"},
		{"bad count", `<choiceInteraction responseIdentifier="R" maxChoices="many"><simpleChoice identifier="A"/></choiceInteraction>`, "choice:R[0..1](A)", `warning <choiceInteraction> max-choices="many"`},
		{"bounds crossed", `<choiceInteraction responseIdentifier="R" maxChoices="1" minChoices="2"><simpleChoice identifier="A"/></choiceInteraction>`, "choice:R[0..1](A)", "the lower bound is ignored"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			blocks, reader, r := read(t, tt.xml)
			if got := dump(blocks); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := strings.Join(*r, "; "); tt.report == "" && got != "" || !strings.Contains(got, tt.report) {
				t.Errorf("reported %q, want %q", got, tt.report)
			}
			if strings.Contains(tt.want, ":R") && len(reader.Interactions) != 1 {
				t.Errorf("%d interactions were noted", len(reader.Interactions))
			}
		})
	}
}

func TestMath(t *testing.T) {
	tests := []struct{ xml, want string }{
		{`<m:msup><m:mi>x</m:mi><m:mn>2</m:mn></m:msup><m:mo>+</m:mo><m:mn>1</m:mn>`, "x² + 1"},
		{`<m:msup><m:mrow><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:mrow><m:mi>k</m:mi></m:msup>`, "(a + b)^k"},
		{`<m:mfrac><m:mn>1</m:mn><m:mn>2</m:mn></m:mfrac>`, "½"},
		{`<m:mfrac><m:mrow><m:mi>a</m:mi><m:mo>-</m:mo><m:mi>b</m:mi></m:mrow><m:mi>c</m:mi></m:mfrac>`, "(a − b)/c"},
		{`<m:msqrt><m:mi>x</m:mi><m:mo>+</m:mo><m:mn>1</m:mn></m:msqrt>`, "√(x + 1)"},
		{`<m:mroot><m:mi>x</m:mi><m:mn>3</m:mn></m:mroot>`, "³√x"},
		{`<m:msub><m:mi>H</m:mi><m:mn>2</m:mn></m:msub><m:mi>O</m:mi>`, "H₂O"},
		{`<m:munderover><m:mo>∑</m:mo><m:mrow><m:mi>i</m:mi><m:mo>=</m:mo><m:mn>0</m:mn></m:mrow><m:mi>n</m:mi></m:munderover><m:mi>i</m:mi>`, "(∑_(i = 0))ⁿi"},
		{`<m:mfenced open="[" close="]"><m:mi>a</m:mi><m:mi>b</m:mi></m:mfenced>`, "[a, b]"},
		{`<m:mover><m:mi>v</m:mi><m:mo>→</m:mo></m:mover>`, "v\u20d7"},
		{`<m:mn>2</m:mn><m:mo>&#x2062;</m:mo><m:mi>x</m:mi>`, "2x"},
		{`<m:mtable><m:mtr><m:mtd><m:mn>1</m:mn></m:mtd><m:mtd><m:mn>2</m:mn></m:mtd></m:mtr><m:mtr><m:mtd><m:mn>3</m:mn></m:mtd><m:mtd><m:mn>4</m:mn></m:mtd></m:mtr></m:mtable>`, "[1, 2; 3, 4]"},
		{`<m:semantics><m:mi>g</m:mi><m:annotation encoding="application/x-tex">$g$</m:annotation></m:semantics>`, "g"},
		{`<m:mi>sin</m:mi> <m:mi>Θ</m:mi><m:mo>+</m:mo><m:mi>a</m:mi><m:mi>b</m:mi>`, "sin Θ + ab"},
		{`<m:apply><m:plus/><m:ci>a</m:ci><m:apply><m:times/><m:cn>2</m:cn><m:ci>b</m:ci></m:apply></m:apply>`, "a + (2 · b)"},
		{`<m:apply><m:power/><m:ci>x</m:ci><m:cn>2</m:cn></m:apply>`, "x²"},
	}
	for _, tt := range tests {
		blocks, _, r := read(t, "<p><m:math>"+tt.xml+"</m:math></p>")
		if got := dump(blocks); got != "p($"+tt.want+"$)" || len(*r) > 0 {
			t.Errorf("%s\ngot  %s %v\nwant %s", tt.xml, got, *r, tt.want)
		}
	}
	blocks, _, _ := read(t, `<p><m:math><m:semantics><m:mi>A</m:mi><m:annotation encoding="TeX">A</m:annotation></m:semantics></m:math></p>`)
	m := blocks[0].(*body.Paragraph).Inlines[0].(*body.Math)
	if m.TeX != "A" || m.With(func(name string) (string, bool) { return "7", name == "A" }).Readable != "7" {
		t.Errorf("formula %+v", m)
	}
}

func TestResolve(t *testing.T) {
	blocks, _, _ := read(t, `<p>A = <printedVariable identifier="A"/>, x = <printedVariable identifier="X" format="%.2f"/><templateInline templateIdentifier="T" identifier="yes" showHide="show"> shown</templateInline><templateInline templateIdentifier="T" identifier="yes" showHide="hide"> hidden</templateInline><feedbackInline outcomeIdentifier="F" identifier="ok" showHide="show"> well done</feedbackInline></p>
	<templateBlock templateIdentifier="T" identifier="no" showHide="show"><p>block</p></templateBlock>
	<choiceInteraction responseIdentifier="R"><simpleChoice identifier="one" templateIdentifier="T" showHide="hide">1</simpleChoice><simpleChoice identifier="yes" templateIdentifier="T" showHide="hide">2</simpleChoice></choiceInteraction>`)
	values := map[string]processing.Value{
		"A": processing.Int(4), "X": processing.Num(2.5), "T": processing.Texts(processing.Single, processing.Identifier, "yes"),
		"F": processing.Texts(processing.Single, processing.Identifier, "ok"),
	}
	r := &body.Resolver{Value: func(id string) processing.Value { return values[id] }}
	if got, want := dump(r.Blocks(blocks)), "p(A = 4, x = 2.50 shown) choice:R[0..1](one=p(1))"; got != want {
		t.Errorf("before marking\ngot  %s\nwant %s", got, want)
	}
	rubrics, _, _ := read(t, `<rubricBlock view="scorer"><p>model answer</p></rubricBlock><rubricBlock view="candidate scorer"><p>hint</p></rubricBlock><rubricBlock><p>for nobody</p></rubricBlock>`)
	r.View = "candidate"
	if got := body.Plain(r.Blocks(rubrics)); got != "hint" {
		t.Errorf("a candidate is shown %q", got)
	}
	r.View = ""
	r.Feedback = true
	if got := dump(r.Blocks(blocks)); !strings.Contains(got, "well done") {
		t.Errorf("after marking: %s", got)
	}
	if got := dump(blocks); !strings.Contains(got, "${A}") {
		t.Errorf("resolving changed the original: %s", got)
	}
}

func TestPlainAndWalk(t *testing.T) {
	blocks, _, _ := read(t, `<p>one<br/>two <img src="a.png" alt="pic"/></p><ul><li>three <textEntryInteraction responseIdentifier="R"/></li></ul><table><tr><td>four</td></tr></table>`)
	if got, want := body.Plain(blocks), "one\ntwo [pic]\nthree …\nfour"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	n := 0
	body.Walk(blocks, func(any) { n++ })
	if n != 12 {
		t.Errorf("%d parts were visited, want 12", n)
	}
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{"<p>a<b>c</b></p>", "<table><tr><td colspan='2'><ul><li/></ul></td></tr></table>", `<gapMatchInteraction responseIdentifier="R"><gapText identifier="A">x</gapText><p><gap identifier="G"/></p></gapMatchInteraction>`, "<math><mfrac><mi>x</mi></mfrac></math>", `<choiceInteraction responseIdentifier="R"><simpleChoice/></choiceInteraction>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := xmltree.Parse([]byte("<itemBody>"+text+"</itemBody>"), xmltree.Limits{Depth: 60, Nodes: 3000, Bytes: 1 << 16})
		if err != nil {
			return
		}
		r := &body.Reader{Report: func(finding.Severity, *xmltree.Node, string, ...any) {}}
		blocks := r.Blocks(doc.Root)
		doc.Root.Unseen(func(n *xmltree.Node, attr string) {
			if attr == "" && n.IsText() && !n.Blank() && strings.Count(text, "<") == 0 {
				t.Fatalf("plain text %q was dropped", n.Text)
			}
		})
		body.Plain(blocks)
		body.Walk(blocks, func(any) {})
		res := &body.Resolver{Value: func(string) processing.Value { return processing.Null }, Feedback: true}
		res.Blocks(blocks)
	})
}
