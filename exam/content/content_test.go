package content_test

import (
	"reflect"
	"strings"
	"testing"

	"emtihan/exam/content"
)

func line(spans ...content.Span) content.Line { return spans }

func plain(s string) content.Line { return line(content.Span{Text: s}) }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []content.Block
	}{
		{"nothing", " \n\n ", nil},
		{"paragraphs keep their line ends", "one\ntwo\n\n  three  \n", []content.Block{
			&content.Paragraph{Line: plain("one\ntwo")}, &content.Paragraph{Line: plain("three")},
		}},
		{"styles", "a **b *c*** x^{2} H_{2}O", []content.Block{&content.Paragraph{Line: line(
			content.Span{Text: "a "}, content.Span{Text: "b *c", Style: content.Bold}, content.Span{Text: "* x"},
			content.Span{Text: "2", Style: content.Raised}, content.Span{Text: " H"}, content.Span{Text: "2", Style: content.Lowered}, content.Span{Text: "O"},
		)}}},
		{"slanted inside bold", "**very *much* so**", []content.Block{&content.Paragraph{Line: line(
			content.Span{Text: "very ", Style: content.Bold}, content.Span{Text: "much", Style: content.Bold | content.Slanted}, content.Span{Text: " so", Style: content.Bold},
		)}}},
		{"no marks", "3 * 4 * 5, ____ , a^2, **, 2**3, \\*x\\*", []content.Block{&content.Paragraph{Line: plain("3 * 4 * 5, ____ , a^2, **, 2**3, *x*")}}},
		{"heading, list, numbers", "## Title\n- a\n- *b*\n1. x\n2. y", []content.Block{
			&content.Heading{Line: plain("Title")},
			&content.List{Items: []content.Line{plain("a"), line(content.Span{Text: "b", Style: content.Slanted})}},
			&content.List{Numbered: true, Items: []content.Line{plain("x"), plain("y")}},
		}},
		{"table", "| a | b |\n|---|:-:|\n| 1 | x \\| y |", []content.Block{
			&content.Table{Head: true, Rows: [][]content.Line{{plain("a"), plain("b")}, {plain("1"), plain("x | y")}}},
		}},
		{"figure between text", "see\n![A curve](fig-1)\nbelow", []content.Block{
			&content.Paragraph{Line: plain("see")}, &content.Figure{Medium: "fig-1", Description: "A curve"}, &content.Paragraph{Line: plain("below")},
		}},
	} {
		got, err := content.Parse(c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n%s: %v", c.name, show(got), err)
		}
	}
}

func show(blocks []content.Block) string {
	var b strings.Builder
	for _, x := range blocks {
		b.WriteString(reflect.TypeOf(x).String() + " " + strings.Join(content.Lines(x), "¶") + "\n")
	}
	return b.String()
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"x\n\n| a | b |\n| c |":           "line 4",
		"![](fig)":                        "without a description",
		"![a](../../etc)":                 "id",
		"bell \a":                         "line 1",
		strings.Repeat("|a", 21) + "|":    "21 columns",
		strings.Repeat("|a|\n", 201):      "201 rows",
		strings.Repeat("x", 1<<20) + "xx": "bytes",
	} {
		if _, err := content.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// Whatever an author writes: no panic, no empty or doubled spans, and no letter lost.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a **b *c*** x^{2}", "| a | b |\n|---|---|\n| 1 | 2 |", "![x](y)", "## h\n- a\n1. b", "\\*^{_{*}}", "**a^{**b}**"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		blocks, err := content.Parse(s)
		if err != nil {
			return
		}
		check := func(l content.Line) {
			for i, span := range l {
				if span.Text == "" {
					t.Fatalf("an empty span in %v", l)
				}
				if i > 0 && l[i-1].Style == span.Style {
					t.Fatalf("two spans of one style in %v", l)
				}
			}
		}
		for _, b := range blocks {
			switch b := b.(type) {
			case *content.Paragraph:
				check(b.Line)
			case *content.Heading:
				check(b.Line)
			case *content.List:
				for _, l := range b.Items {
					check(l)
				}
			case *content.Table:
				for _, row := range b.Rows {
					for _, l := range row {
						check(l)
					}
				}
			}
		}
		if letters(content.Plain(blocks)) > letters(s) {
			t.Fatal("letters came from nowhere")
		}
	})
}

func letters(s string) int {
	return strings.Count(s, "a") + strings.Count(s, "b") + strings.Count(s, "c")
}
