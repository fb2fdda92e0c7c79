package convert_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"maps"
	"slices"
	"strings"
	"testing"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/exam/parcel/convert"
	"emtihan/exam/qti"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/sheet"
)

const (
	matchCorrect = `<qti-response-processing template="https://www.imsglobal.org/question/qti_v3p0/rptemplates/match_correct.xml"/>`
	mapResponse  = `<qti-response-processing template="https://www.imsglobal.org/question/qti_v3p0/rptemplates/map_response.xml"/>`
)

// doc writes an item: its declaration of RESPONSE (cardinality, base type, what is in it), body and rules.
func doc(id, card, base, inside, body, rules string) string {
	return `<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="` + id + `" title="t"><qti-response-declaration identifier="RESPONSE" cardinality="` + card + `" base-type="` + base + `">` + inside +
		`</qti-response-declaration><qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/><qti-item-body>` + body + `</qti-item-body>` + rules + `</qti-assessment-item>`
}

func correct(values ...string) string {
	return `<qti-correct-response><qti-value>` + strings.Join(values, `</qti-value><qti-value>`) + `</qti-value></qti-correct-response>`
}

func choices(most int, more string, options ...string) string {
	var b strings.Builder
	for _, o := range options {
		b.WriteString(`<qti-simple-choice identifier="` + o + `">choice ` + o + `</qti-simple-choice>`)
	}
	return fmt.Sprintf(`<qti-choice-interaction response-identifier="RESPONSE" max-choices="%d"%s>%s</qti-choice-interaction>`, most, more, b.String())
}

func open(t testing.TB, files map[string]string) *qti.Package {
	t.Helper()
	all := make(map[string][]byte)
	for name, text := range files {
		all[name] = []byte(text)
	}
	source, err := intake.Files(all, intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := qti.Read("bank", source, qti.Options{}, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func convertOne(t *testing.T, item string, files map[string]string) (convert.Item, *convert.Result) {
	t.Helper()
	all := map[string]string{"a.xml": item}
	maps.Copy(all, files)
	r, err := convert.Convert(open(t, all), convert.Options{ID: "p", Lang: "ru", Skip: true})
	if r == nil || len(r.Items) != 1 {
		t.Fatalf("%v %+v", err, r)
	}
	if (err == nil) != r.Items[0].Taken() {
		t.Fatalf("%v, refused %v", err, r.Items[0].Refused)
	}
	return r.Items[0], r
}

var (
	associable = func(set string, most int, ids ...string) string {
		var b strings.Builder
		for _, id := range ids {
			fmt.Fprintf(&b, `<qti-simple-associable-choice identifier="%s" match-max="%d">%s %s</qti-simple-associable-choice>`, id, most, set, id)
		}
		return `<qti-simple-match-set>` + b.String() + `</qti-simple-match-set>`
	}
	pairing = func(sets ...string) string {
		return `<qti-match-interaction response-identifier="RESPONSE" max-associations="0"><qti-prompt>Match.</qti-prompt>` + strings.Join(sets, "") + `</qti-match-interaction>`
	}
	gaps  = `<qti-gap-match-interaction response-identifier="RESPONSE"><qti-gap-text identifier="W" match-max="1">winter</qti-gap-text><qti-gap-text identifier="S" match-max="1">summer</qti-gap-text><p>Now is <qti-gap identifier="G1"/> and then <qti-gap identifier="G2"/>.</p></qti-gap-match-interaction>`
	entry = func(more string) string {
		return `<p>The capital: <qti-text-entry-interaction response-identifier="RESPONSE"` + more + `/> of the country</p>`
	}
	order = `<qti-order-interaction response-identifier="RESPONSE"><qti-prompt>Order.</qti-prompt><qti-simple-choice identifier="c_1">one</qti-simple-choice><qti-simple-choice identifier="c_2">two</qti-simple-choice><qti-simple-choice identifier="c_3">three</qti-simple-choice></qti-order-interaction>`
)

// Every kind of a paper's items, with its key and what is said about it.
func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		name, item string
		kind       exam.ItemKind
		key        string
		points     int
		text       string // of the item, as it is shown
		changed    string // a part of what is said
	}{
		{"single", doc("q", "single", "identifier", correct("B"), "<p>Which?</p>"+choices(1, "", "A", "B", "C"), matchCorrect), exam.Single, "[B]", 1, "Which?\n", ""},
		{"multiple", doc("q", "multiple", "identifier", correct("A", "C"), "<p>Which?</p>"+choices(0, "", "A", "B", "C"), matchCorrect), exam.Multiple, "[A C]", 1, "Which?\n", ""},
		{"long identifiers", doc("an item with a long identifier", "single", "identifier", correct("choice_number_two_of_all"), "<p>?</p>"+choices(1, "", "choice_number_one_of_all", "choice_number_two_of_all"), matchCorrect), exam.Single, "[B]", 1, "?\n", "its id in the paper is Q1"},
		{"shuffled", doc("q", "single", "identifier", correct("B"), "<p>?</p>"+choices(1, ` shuffle="true"`, "A", "B"), matchCorrect), exam.Single, "[B]", 1, "?\n", ""},
		{"at most two", doc("q", "multiple", "identifier", correct("A", "B"), "<p>?</p>"+choices(2, "", "A", "B", "C"), matchCorrect), exam.Multiple, "[A B]", 1, "?\n", "how many choices may be marked (0 to 2)"},
		{"only a mapping", doc("q", "single", "identifier", `<qti-mapping default-value="0"><qti-map-entry map-key="B" mapped-value="3"/></qti-mapping>`, "<p>?</p>"+choices(1, "", "A", "B"), mapResponse), exam.Single, "[B]", 3, "?\n", "found by its rules"},
		{"minus points", doc("q", "single", "identifier", correct("B")+`<qti-mapping default-value="-1"><qti-map-entry map-key="B" mapped-value="2"/></qti-mapping>`, "<p>?</p>"+choices(1, "", "A", "B"), mapResponse), exam.Single, "[B]", 2, "?\n", "take points away"},
		{"a key and no rules", doc("q", "single", "identifier", correct("B"), "<p>?</p>"+choices(1, "", "A", "B"), ""), exam.Single, "[B]", 1, "?\n", "no rules"},
		{"inline choice", doc("q", "single", "identifier", correct("B"), `<p>It is <qti-inline-choice-interaction response-identifier="RESPONSE"><qti-inline-choice identifier="A">hot</qti-inline-choice><qti-inline-choice identifier="B">cold</qti-inline-choice></qti-inline-choice-interaction> here</p>`, matchCorrect), exam.Single, "[B]", 1, "It is  ____  here\n", "menu"},
		{"order", doc("q", "ordered", "identifier", correct("c_3", "c_1", "c_2"), order, matchCorrect), exam.Order, "[C A B]", 1, "Order.\n", ""},
		{"match", doc("q", "multiple", "directedPair", correct("a x", "b y"), pairing(associable("l", 1, "a", "b"), associable("r", 1, "x", "y", "z")), matchCorrect), exam.Match, "[a x b y]", 1, "Match.\n", ""},
		{"match with reuse", doc("q", "multiple", "directedPair", correct("a x", "b x"), pairing(associable("l", 1, "a", "b"), associable("r", 0, "x", "y")), matchCorrect), exam.Match, "[a x b x]", 1, "Match.\n", ""},
		{"match the other way round", doc("q", "multiple", "directedPair", correct("a x", "a y"), pairing(associable("l", 0, "a", "b"), associable("r", 1, "x", "y")), matchCorrect), exam.Match, "[x a y a]", 1, "Match.\n", "changed places"},
		{"gap match", doc("q", "multiple", "directedPair", correct("W G1", "S G2"), gaps, matchCorrect), exam.Match, "[G1 W G2 S]", 1, "Now is  (1) ____  and then  (2) ____ .\n", "have numbers"},
		{"short", doc("q", "single", "string", correct("Астана"), entry(""), matchCorrect), exam.Short, "[Астана]", 1, "The capital:  ____  of the country\n", "capital letters"},
		{"short with several", doc("q", "single", "string", correct("Astana")+`<qti-mapping default-value="0"><qti-map-entry map-key="Astana" mapped-value="2" case-sensitive="false"/><qti-map-entry map-key="Нур-Султан" mapped-value="2" case-sensitive="false"/></qti-mapping>`, entry(""), mapResponse), exam.Short, "[Astana Нур-Султан]", 2, "The capital:  ____  of the country\n", ""},
		{"a whole number", doc("q", "single", "integer", correct("42"), entry(""), matchCorrect), exam.Short, "[42]", 1, "The capital:  ____  of the country\n", ""},
		{"hottext", doc("q", "multiple", "identifier", correct("h", "k"), `<qti-hottext-interaction response-identifier="RESPONSE" max-choices="0"><p>a <qti-hottext identifier="h">b</qti-hottext> <qti-hottext identifier="i">c</qti-hottext> <qti-hottext identifier="k">d</qti-hottext></p></qti-hottext-interaction>`, matchCorrect), exam.Multiple, "[h k]", 1, "a [A]\u00a0b [B]\u00a0c [C]\u00a0d\n", "have letters"},
		{"a slider", doc("q", "single", "integer", correct("3"), `<qti-slider-interaction response-identifier="RESPONSE" lower-bound="0" upper-bound="9"><qti-prompt>How many?</qti-prompt></qti-slider-interaction>`, matchCorrect), exam.Short, "[3]", 1, "How many?\n", "typed"},
		{"a number", doc("q", "single", "float", correct("2.5"), entry(` pattern-mask="[0-9.]+"`), matchCorrect), exam.Short, "[2.5]", 1, "The capital:  ____  of the country\n", "form is not checked"},
		{"a word that a person marks", doc("q", "single", "string", "", entry(""), ""), exam.Short, "[]", 1, "The capital:  ____  of the country\n", "1 was put"},
		{"long", doc("q", "single", "string", "", `<p>Why?</p><qti-extended-text-interaction response-identifier="RESPONSE"/>`, ""), exam.Long, "[]", 1, "Why?\n", "1 was put"},
		{"long with rules that give nothing", doc("q", "single", "string", "", `<p>Why?</p><qti-extended-text-interaction response-identifier="RESPONSE"/>`, `<qti-response-processing><qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">0</qti-base-value></qti-set-outcome-value></qti-response-processing>`), exam.Long, "[]", 1, "Why?\n", "a person marks it"},
		{"for scorers", doc("q", "single", "string", "", `<p>Why?</p><qti-extended-text-interaction response-identifier="RESPONSE"/><qti-rubric-block view="scorer"><p>Because.</p></qti-rubric-block>`, ""), exam.Long, "[]", 1, "Why?\n", `what it says to scorer is not kept: "Because."`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, r := convertOne(t, tt.item, nil)
			if !report.Taken() {
				t.Fatalf("refused: %v", report.Refused)
			}
			paper := check(t, r)
			it := paper.Items()[0]
			if it.Kind != tt.kind || fmt.Sprint(it.Key) != tt.key || it.Points != tt.points || report.Points != tt.points || report.Kind != tt.kind || report.Paper != it.ID {
				t.Errorf("got %s %v %d, want %s %s %d", it.Kind, it.Key, it.Points, tt.kind, tt.key, tt.points)
			}
			if got := content.Plain(paper.Content(it.Text, "ru")); got != tt.text {
				t.Errorf("text %q, want %q", got, tt.text)
			}
			said := fmt.Sprint(report.Changed)
			if tt.changed == "" && len(report.Changed) > 0 || !strings.Contains(said, tt.changed) {
				t.Errorf("said %v, want %q", said, tt.changed)
			}
			if tt.name == "match with reuse" != it.Reuse && tt.name != "match the other way round" {
				t.Errorf("reuse %v", it.Reuse)
			}
		})
	}
}

// What a paper cannot hold is refused, with the reason and its place.
func TestRefused(t *testing.T) {
	rules := func(s string) string { return `<qti-response-processing>` + s + `</qti-response-processing>` }
	equal := rules(`<qti-response-condition><qti-response-if><qti-equal tolerance-mode="absolute" tolerance="0.005"><qti-variable identifier="RESPONSE"/><qti-correct identifier="RESPONSE"/></qti-equal><qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">1</qti-base-value></qti-set-outcome-value></qti-response-if></qti-response-condition>`)
	mapped := func(entries string) string { return `<qti-mapping default-value="0">` + entries + `</qti-mapping>` }
	for _, tt := range []struct{ name, item, says string }{
		{"points for a part and none lost", doc("q", "multiple", "identifier", correct("A", "B")+mapped(`<qti-map-entry map-key="A" mapped-value="1"/><qti-map-entry map-key="B" mapped-value="1"/>`), "<p>?</p>"+choices(0, "", "A", "B", "C"), mapResponse), `it gives 1 of 2 points for "A"`},
		{"half a point", doc("q", "single", "identifier", correct("A")+mapped(`<qti-map-entry map-key="A" mapped-value="0.5"/>`), "<p>?</p>"+choices(1, "", "A", "B"), mapResponse), "it gives 0.5 points"},
		{"two right ones", doc("q", "single", "identifier", mapped(`<qti-map-entry map-key="A" mapped-value="1"/><qti-map-entry map-key="B" mapped-value="1"/>`), "<p>?</p>"+choices(1, "", "A", "B", "C"), mapResponse), "several answers give points"},
		{"a synonym for less", doc("q", "single", "string", correct("York")+mapped(`<qti-map-entry map-key="York" mapped-value="1"/><qti-map-entry map-key="york" mapped-value="0.5"/>`), entry(""), mapResponse), `it gives 0.5 of 1 points for "york"`},
		{"a tolerance that is wider above", doc("q", "single", "float", correct("3.14"), entry(""), strings.Replace(equal, `"0.005"`, `"0.005 0.05"`, 1)), "one tolerance"},
		{"no key", doc("q", "single", "identifier", "", "<p>?</p>"+choices(1, "", "A", "B"), ""), "says no right answer"},
		{"a key of two for one mark", doc("q", "multiple", "identifier", correct("A", "B"), "<p>?</p>"+choices(1, "", "A", "B"), matchCorrect), "names 2 choices, and one may be marked"},
		{"a key that is no choice", doc("q", "single", "identifier", correct("Z"), "<p>?</p>"+choices(1, "", "A", "B"), matchCorrect), `names "Z", which is no choice`},
		{"too many choices", doc("q", "single", "identifier", correct("A"), "<p>?</p>"+choices(1, "", strings.Split("A B C D E F G H I J K L M", " ")...), matchCorrect), "it has 13 choices"},
		{"one choice", doc("q", "single", "identifier", correct("A"), "<p>?</p>"+choices(1, "", "A"), matchCorrect), "it has 1 choices"},
		{"no text", doc("q", "single", "identifier", correct("A"), choices(1, "", "A", "B"), matchCorrect), "it has no text"},
		{"nothing to answer", doc("q", "single", "identifier", "", "<p>Read this.</p>", ""), "answered in 0 places"},
		{"two places", doc("q", "single", "string", correct("a"), entry("")+choices(1, "", "A", "B"), matchCorrect), "has another interaction already"},
		{"an incomplete match", doc("q", "multiple", "directedPair", correct("a x"), pairing(associable("l", 1, "a", "b"), associable("r", 1, "x", "y")), matchCorrect), "leaves 1 of its 2 choices without a target"},
		{"many to many", doc("q", "multiple", "directedPair", correct("a x", "b y"), pairing(associable("l", 0, "a", "b"), associable("r", 0, "x", "y")), matchCorrect), "several targets"},
		{"fewer targets", doc("q", "multiple", "directedPair", correct("a x", "b y"), pairing(associable("l", 1, "a", "b", "c"), associable("r", 1, "x", "y")), matchCorrect), "fewer targets"},
		{"a part of an order", doc("q", "ordered", "identifier", correct("c_1", "c_2"), strings.Replace(order, `"RESPONSE"`, `"RESPONSE" min-choices="2" max-choices="2"`, 1), matchCorrect), "only some of its choices"},
		{"an upload", doc("q", "single", "file", "", `<qti-upload-interaction response-identifier="RESPONSE"/>`, ""), "upload"},
		{"a cell over two", doc("q", "single", "identifier", correct("A"), `<table><tr><td colspan="2">x</td></tr></table>`+choices(1, "", "A", "B"), matchCorrect), "reaches over several"},
		{"a list in a cell", doc("q", "single", "identifier", correct("A"), `<table><tr><td><ul><li>x</li></ul></td></tr></table>`+choices(1, "", "A", "B"), matchCorrect), "more than text in it"},
		{"a picture that is not there", doc("q", "single", "identifier", correct("A"), `<p>?<img src="no.png" alt="x"/></p>`+choices(1, "", "A", "B"), matchCorrect), "no.png"},
		{"a film", doc("q", "single", "identifier", correct("A"), `<p>?</p><video src="v.mp4"/>`+choices(1, "", "A", "B"), matchCorrect), "film"},
		{"a text that the machine marks", doc("q", "single", "string", correct("yes"), `<p>?</p><qti-extended-text-interaction response-identifier="RESPONSE"/>`, matchCorrect), "marked by the machine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, r := convertOne(t, tt.item, map[string]string{"v.mp4": "x"})
			if report.Taken() || !strings.Contains(fmt.Sprint(report.Refused), tt.says) || r.Paper != nil || len(r.Media) != 0 {
				t.Fatalf("taken %v, refused %v, want %q", report.Taken(), report.Refused, tt.says)
			}
			if report.Refused[0].Place.Path != "a.xml" {
				t.Errorf("the place is %v", report.Refused[0].Place)
			}
		})
	}
}

func pngFile(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gifFile(t testing.TB, frames int) string {
	t.Helper()
	var g gif.GIF
	for range frames {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White}))
		g.Delay = append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Texts: styles, lists, tables, pictures and sounds come out as package content shows them.
func TestTexts(t *testing.T) {
	files := map[string]string{"i/a.png": pngFile(t), "i/b.gif": gifFile(t, 1), "s/t.wav": "RIFF\x24\x00\x00\x00WAVEfmt "}
	const body = `<h2>Title - 1</h2><p>H<sub>2</sub>O is <b>bold</b>, <i>slanted</i> and <b><i>both</i></b>; 3 * 4 | 5 \ x^{2} ![a](b) <u>under</u></p>
<p>- no list</p><p>1. no list<br/>## no heading</p><ul><li>one</li><li><p>two</p></li></ul><ol><li>first</li></ol><ol start="3"><li>third</li></ol>
<table><thead><tr><th>a</th><th>b|c</th></tr></thead><tbody><tr><td>1</td><td><b>2</b></td></tr></tbody></table>
<p>before <img src="i/a.png" alt="A [map]"/> after</p><p><img src="i/b.gif" alt=""/></p><math xmlns="http://www.w3.org/1998/Math/MathML"><msup><mi>x</mi><mn>2</mn></msup></math>
<qti-media-interaction response-identifier="PLAYED" max-plays="2"><qti-prompt>Listen.</qti-prompt><audio src="s/t.wav"/></qti-media-interaction>`
	item := doc("q", "single", "identifier", correct("A"), body+choices(1, "", "A", "B"), matchCorrect)
	item = strings.Replace(item, `<qti-outcome`, `<qti-response-declaration identifier="PLAYED" cardinality="single" base-type="integer"/><qti-outcome`, 1)
	report, r := convertOne(t, item, files)
	if !report.Taken() {
		t.Fatal(report.Refused)
	}
	paper := check(t, r)
	var lines []string
	for _, b := range paper.Content(paper.Items()[0].Text, "ru") {
		lines = append(lines, fmt.Sprintf("%T", b)[len("*content."):]+": "+strings.Join(content.Lines(b), " / "))
	}
	want := []string{
		"Heading: Title - 1",
		`Paragraph: H2O is bold, slanted and both; 3 * 4 | 5 \ x^{2} ![a](b) under`,
		"Paragraph: - no list",
		"Paragraph: 1.\u00a0no list\n## no heading",
		"List: one / two",
		"List: first",
		"Paragraph: 3.\u00a0third",
		"Table: a / b|c / 1 / 2",
		"Paragraph: before",
		"Figure: A (map)",
		"Paragraph: after",
		"Figure: Рисунок M2",
		"Paragraph: x²",
		"Paragraph: Listen.",
		"Figure: Звук S3",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	first := paper.Content(paper.Items()[0].Text, "ru")[1].(*content.Paragraph).Line
	var styles []string
	for _, s := range first {
		if s.Style != 0 {
			styles = append(styles, fmt.Sprintf("%s=%d", s.Text, s.Style))
		}
	}
	if got := strings.Join(styles, " "); got != fmt.Sprintf("2=%d bold=%d slanted=%d both=%d under=%d", content.Lowered, content.Bold, content.Slanted, content.Bold, content.Bold) {
		t.Errorf("styles %s", got)
	}
	if m := paper.Medium("S3"); m == nil || m.Plays != 2 || m.Kind != exam.Sound || paper.Medium("M2").File != "m2.png" {
		t.Errorf("media %+v", paper.Media)
	}
	for _, says := range [...]string{"bold and slanted is bold", "underlined", "line of its own", "is a PNG file now", "no description", "formulas", "numbers as text"} {
		if !strings.Contains(fmt.Sprint(report.Changed), says) {
			t.Errorf("nothing is said of %q: %v", says, report.Changed)
		}
	}
	moving := strings.Replace(item, "i/b.gif", "i/c.gif", 1)
	files["i/c.gif"] = gifFile(t, 2)
	if report, r := convertOne(t, moving, files); report.Taken() || len(r.Media) != 0 {
		t.Errorf("a picture that moves: %v, media %v", report.Refused, r.Media)
	}
}

// Sections become blocks, shared texts passages, and what a test says beyond that is said.
func TestTest(t *testing.T) {
	item := func(id, stimulus string) string {
		s := doc(id, "single", "identifier", correct("B"), "<p>?</p>"+choices(1, "", "A", "B"), matchCorrect)
		if stimulus != "" {
			s = strings.Replace(s, "<qti-item-body>", `<qti-assessment-stimulus-ref identifier="s" href="`+stimulus+`"/><qti-item-body>`, 1)
		}
		return s
	}
	quoted := func(id string) string {
		return strings.Replace(item(id, ""), "<qti-item-body>", "<qti-item-body><blockquote><p>A quotation.</p></blockquote>", 1)
	}
	files := map[string]string{
		"a.xml": item("a", "s.xml"), "b.xml": item("b", "s.xml"), "c.xml": quoted("c"), "d.xml": quoted("d"), "e.xml": item("e", ""),
		"s.xml": `<qti-assessment-stimulus xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="s" title="s"><qti-stimulus-body><p>A text.</p></qti-stimulus-body></qti-assessment-stimulus>`,
	}
	test := func(inside string) string {
		refs := func(ids string) (out string) {
			for id := range strings.FieldsSeq(ids) {
				out += `<qti-assessment-item-ref identifier="r-` + id + `" href="` + id + `.xml"/>`
			}
			return out
		}
		return `<qti-assessment-test xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="T" title="Экзамен"><qti-test-part identifier="P" navigation-mode="nonlinear" submission-mode="simultaneous"><qti-assessment-section identifier="S1" title="Чтение" visible="true">` + refs("a b") + `</qti-assessment-section><qti-assessment-section identifier="S2" title="" visible="true">` + inside + refs("c d e") + `</qti-assessment-section></qti-test-part></qti-assessment-test>`
	}
	run := func(inside string, skip bool) (*convert.Result, error) {
		all := maps.Clone(files)
		all["test.xml"] = test(inside)
		return convert.Convert(open(t, all), convert.Options{ID: "p", Lang: "kk", Skip: skip})
	}
	r, err := run("", false)
	if err != nil || len(r.Findings) != 0 {
		t.Fatalf("%v %v", err, r.Findings)
	}
	paper := check(t, r)
	var got []string
	for _, b := range paper.Blocks {
		for _, it := range b.Items {
			got = append(got, b.Title.In("kk")+" "+it.ID+" "+strings.TrimSpace(content.Plain(paper.Content(paper.Passage(it.Passage), "kk"))))
		}
	}
	if want := []string{"Чтение a A text.", "Чтение b A text.", "2 c A quotation.", "2 d A quotation.", "2 e "}; !slices.Equal(got, want) || len(paper.Passages) != 2 || paper.Title.In("kk") != "Экзамен" {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, tt := range []struct {
		inside, says string
		refused      bool
	}{
		{`<qti-selection select="2"/>`, "selects 2 of its 3 parts", true},
		{`<qti-rubric-block view="candidate"><p>Read well.</p></qti-rubric-block>`, `a text for the candidate, for which a block has no place: "Read well."`, true},
		{`<qti-ordering shuffle="true"/>`, "in any order", false},
		{`<qti-time-limits max-time="600"/>`, "the times of the section S2", false},
	} {
		for _, skip := range [...]bool{false, true} {
			r, err := run(tt.inside, skip)
			if err != nil || !strings.Contains(fmt.Sprint(r.Findings), tt.says) || (r.Paper == nil) != (tt.refused && !skip) {
				t.Errorf("%s, leaving out %v: %v %v, paper %v", tt.inside, skip, err, r.Findings, r.Paper != nil)
			}
		}
	}
	two := maps.Clone(files)
	two["t1.xml"], two["t2.xml"] = test(""), strings.Replace(test(""), `identifier="T"`, `identifier="U"`, 1)
	p := open(t, two)
	if _, err := convert.Convert(p, convert.Options{ID: "p", Lang: "kk"}); err == nil || !strings.Contains(err.Error(), "T, U") {
		t.Errorf("of two tests one must be named: %v", err)
	}
	if r, err := convert.Convert(p, convert.Options{ID: "p", Lang: "kk", Test: "U"}); err != nil || r.Paper == nil {
		t.Errorf("%v", err)
	}
	for _, opt := range []convert.Options{{ID: "P!", Lang: "kk"}, {ID: "p", Lang: "de"}, {ID: "p", Lang: "kk", Test: "V"}} {
		if _, err := convert.Convert(p, opt); err == nil {
			t.Errorf("%+v is taken", opt)
		}
	}
}

// A paper marks by parts, by mistakes and within a tolerance what the item's own rules mark so (R5), and as a whole what they mark so,
// whatever the profile says.
func TestSchemes(t *testing.T) {
	rules := func(test string) string {
		return `<qti-response-processing><qti-response-condition><qti-response-if>` + test + `<qti-variable identifier="RESPONSE"/><qti-correct identifier="RESPONSE"/></qti-equal><qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">1</qti-base-value></qti-set-outcome-value></qti-response-if></qti-response-condition></qti-response-processing>`
	}
	points := func(bounds string, entries ...string) string {
		out := `<qti-mapping default-value="-1" lower-bound="0"` + bounds + `>`
		for _, e := range entries {
			out += `<qti-map-entry map-key="` + e + `" mapped-value="1"/>`
		}
		return out + `</qti-mapping>`
	}
	for _, tt := range []struct {
		name, item string
		marking    exam.Scheme
		tolerance  string
		points     int
	}{
		{"as a whole", doc("q", "multiple", "identifier", correct("A", "C"), "<p>?</p>"+choices(0, "", "A", "B", "C"), matchCorrect), exam.MarkWhole, "", 1},
		{"right ones less wrong ones", doc("q", "multiple", "identifier", correct("A", "B")+points("", "A", "B"), "<p>?</p>"+choices(0, "", "A", "B", "C", "D"), mapResponse), exam.MarkParts, "", 2},
		{"pairs", doc("q", "multiple", "directedPair", correct("a x", "b y", "c z")+strings.Replace(points("", "a x", "b y", "c z"), `"-1"`, `"0"`, 1), pairing(associable("l", 1, "a", "b", "c"), associable("r", 1, "x", "y", "z")), mapResponse), exam.MarkParts, "", 3},
		{"absolute", doc("q", "single", "float", correct("3.14"), entry(""), rules(`<qti-equal tolerance-mode="absolute" tolerance="0.005">`)), "", "0.005", 1},
		{"relative to the key", doc("q", "single", "float", correct("-250"), entry(""), strings.Replace(rules(`<qti-equal tolerance-mode="relative" tolerance="2">`), `<qti-variable identifier="RESPONSE"/><qti-correct identifier="RESPONSE"/>`, `<qti-correct identifier="RESPONSE"/><qti-variable identifier="RESPONSE"/>`, 1)), "", "5", 1},
		{"exact", doc("q", "single", "float", correct("0.5"), entry(""), rules(`<qti-equal tolerance-mode="exact">`)), "", "0", 1},
	} {
		report, r := convertOne(t, tt.item, nil)
		if !report.Taken() {
			t.Errorf("%s: refused: %v", tt.name, report.Refused)
			continue
		}
		if it := check(t, r).Items()[0]; it.Marking != tt.marking || it.Tolerance != tt.tolerance || it.Points != tt.points {
			t.Errorf("%s: marked %q within %q for %d points, want %q within %q for %d", tt.name, it.Marking, it.Tolerance, it.Points, tt.marking, tt.tolerance, tt.points)
		}
	}
}

// An item that is answered in several places becomes as many tasks beside one text, if its points are the sum of theirs.
func TestPlaces(t *testing.T) {
	head := `<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="q" title="q" adaptive="false" time-dependent="false"><qti-response-declaration identifier="R1" cardinality="single" base-type="identifier">` + correct("A") + `</qti-response-declaration><qti-response-declaration identifier="R2" cardinality="single" base-type="string">` + correct("two") + `</qti-response-declaration>
<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/><qti-item-body><p>Read.</p>` + strings.Replace(choices(1, "", "A", "B"), "RESPONSE", "R1", 1) + `<p>One and one is <qti-text-entry-interaction response-identifier="R2"/>.</p></qti-item-body><qti-response-processing>`
	right := func(id string) string {
		return `<qti-match><qti-variable identifier="` + id + `"/><qti-correct identifier="` + id + `"/></qti-match>`
	}
	add := func(test, points string) string {
		return `<qti-response-condition><qti-response-if>` + test + `<qti-set-outcome-value identifier="SCORE"><qti-sum><qti-variable identifier="SCORE"/><qti-base-value base-type="float">` + points + `</qti-base-value></qti-sum></qti-set-outcome-value></qti-response-if></qti-response-condition>`
	}
	const foot = `</qti-response-processing></qti-assessment-item>`
	report, r := convertOne(t, head+add(right("R1"), "1")+add(right("R2"), "2")+foot, nil)
	if !report.Taken() || report.Tasks != 2 || report.Points != 3 {
		t.Fatalf("%+v", report)
	}
	paper := check(t, r)
	items := paper.Items()
	if len(items) != 2 || items[0].Kind != exam.Single || items[1].Kind != exam.Short || items[0].Points != 1 || items[1].Points != 2 || items[0].Passage == "" || items[0].Passage != items[1].Passage {
		t.Fatalf("%+v", items)
	}
	if text := content.Plain(paper.Content(paper.Passage(items[0].Passage), "ru")); text != "Read.\n(1)\nOne and one is  (2) ____ .\n" {
		t.Errorf("the passage is %q", text)
	}
	if text := content.Plain(paper.Content(items[1].Text, "ru")); text != "(2)\n" {
		t.Errorf("the second task is %q", text)
	}
	for name, rules := range map[string]string{
		"only together": add(`<qti-and>`+right("R1")+right("R2")+`</qti-and>`, "3"),
		"more together": add(right("R1"), "1") + add(right("R2"), "1") + add(`<qti-and>`+right("R1")+right("R2")+`</qti-and>`, "1"),
	} {
		if report, _ := convertOne(t, head+rules+foot, nil); report.Taken() || !strings.Contains(fmt.Sprint(report.Refused), "depends on the others") {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

// Items from a table go the same way; what its kinds mark otherwise than a paper is refused.
func TestTable(t *testing.T) {
	p, err := sheet.ReadCSV("items", sheet.Template(), nil, qti.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := convert.Convert(p, convert.Options{ID: "p", Lang: "ru", Skip: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range r.Items {
		got = append(got, fmt.Sprintf("%s %v", it.ID, it.Taken()))
	}
	// q-2 gives one point for one mistake (R5), q-4 takes a range of numbers.
	if want := []string{"q-1 true", "q-2 true", "q-3 true", "q-4 true", "q-5 true"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	check(t, r)
}

// Whatever stands in a text is shown as it stands there: no sign of it becomes a mark.
func FuzzText(f *testing.F) {
	for _, s := range [...]string{"3 * 4 * 5", "**x**", "x^{2} _{2} ^", `\* \`, "| a | b |", "![a](b)", "- a", "12. a", "## a", "a!", "_", "a\u00a0b"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(7))
	}
	f.Fuzz(func(t *testing.T, text string, style uint8) {
		text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			if r < 32 || r >= 0x7f && r < 0xa0 || r == '\ufffd' || r == 0xfffe || r == 0xffff {
				return -1
			}
			return r
		}, strings.ToValidUTF8(text, ""))), " ")
		if text == "" {
			return
		}
		inside := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
		for i, tag := range [...]string{"b", "i", "sup", "sub"} {
			if style>>i&1 == 1 {
				inside = "<" + tag + ">" + inside + "</" + tag + ">"
			}
		}
		item := doc("q", "single", "identifier", correct("A"), "<p>"+inside+"</p><p>x"+inside+"y</p>"+choices(1, "", "A", "B"), matchCorrect)
		r, err := convert.Convert(open(t, map[string]string{"a.xml": item}), convert.Options{ID: "p", Lang: "ru"})
		if err != nil || r.Paper == nil {
			t.Fatalf("%v %+v", err, r)
		}
		paper, err := exam.ParsePaper(r.Paper)
		if err != nil {
			t.Fatal(err)
		}
		plain := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if got, want := plain(content.Plain(paper.Content(paper.Items()[0].Text, "ru"))), plain(text+"\nx"+text+"y"); got != want {
			t.Fatalf("shown %q, want %q", got, want)
		}
	})
}

// Any item is taken, as a paper that can be read, or refused with a reason.
func FuzzItem(f *testing.F) {
	f.Add(doc("q", "multiple", "directedPair", correct("W G1", "S G2"), gaps, matchCorrect))
	f.Add(doc("q", "ordered", "identifier", correct("c_3", "c_1", "c_2"), order, matchCorrect))
	f.Add(doc("q", "single", "float", correct("2.5"), entry(""), matchCorrect))
	f.Add(doc("q", "multiple", "directedPair", correct("a x", "a y"), pairing(associable("l", 0, "a", "b"), associable("r", 1, "x", "y")), matchCorrect))
	f.Add(doc("q", "multiple", "identifier", correct("A", "B"), "<blockquote><p>x</p></blockquote><table><tr><th>a</th></tr><tr><td>|</td></tr></table><ol start='3'><li>x<ul><li>y</li></ul></li></ol>"+choices(0, "", "A", "B", "C"), mapResponse))
	f.Fuzz(func(t *testing.T, item string) {
		source, err := intake.Files(map[string][]byte{"a.xml": []byte(item)}, intake.Limits{})
		if err != nil {
			return
		}
		p, err := qti.Read("bank", source, qti.Options{Steps: 2000}, func(string) bool { return true })
		if err != nil {
			return
		}
		r, err := convert.Convert(p, convert.Options{ID: "p", Lang: "ru", Skip: true})
		if r == nil {
			if len(p.Items) > 0 {
				t.Fatal(err)
			}
			return
		}
		if err != nil && r.Taken() > 0 {
			t.Fatalf("items are taken and the paper is none: %v", err)
		}
		for _, it := range r.Items {
			if it.Taken() == (it.Paper == "") {
				t.Fatalf("%+v", it)
			}
		}
	})
}
