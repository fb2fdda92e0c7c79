package qti_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"

	"github.com/google/go-cmp/cmp"
)

func TestPackage(t *testing.T) {
	p := mustOpen(t, map[string]string{
		"imsmanifest.xml": manifest("test.xml", "items/q1.xml", "items/q2.xml"),
		"test.xml":        testDoc(`<assessmentSection identifier="S" title="Section" visible="true"><assessmentItemRef identifier="I1" href="items/q1.xml"/><assessmentItemRef identifier="I2" href="items/q2.xml"/></assessmentSection>`),
		"items/q1.xml":    item21("q1", `<p>Look: <img src="../media/a.png" alt="a"/></p>`),
		"items/q2.xml":    item21("q2", `<p>Сколько?</p>`),
		"media/a.png":     pngOf(t, 3, 2),
		"readme.txt":      "not looked at",
	}, qti.Options{Strict: true})
	if len(p.Items) != 2 || len(p.Tests) != 1 || len(p.Findings) != 0 || p.Manifest.Schema != "QTIv2.1 Package 1.0.0" {
		t.Fatalf("%d items, %d tests, findings %v, schema %q", len(p.Items), len(p.Tests), p.Findings, p.Manifest.Schema)
	}
	q1 := p.Items[0]
	if q1.ID != "q1" || q1.Title != "Title of q1" || q1.Version != qti.V21 || q1.Path != "items/q1.xml" || !q1.Usable() || !q1.MachineMarked() {
		t.Errorf("item %+v", q1)
	}
	if len(q1.Media) != 1 || q1.Media[0] != "media/a.png" {
		t.Errorf("media %v", q1.Media)
	}
	if data, err := p.File("media/a.png"); err != nil || string(data) != pngOf(t, 3, 2) {
		t.Errorf("the picture came back as %d bytes, %v", len(data), err)
	}
	refs := p.Tests[0].Items()
	if len(refs) != 2 || refs[0].Item != q1 || refs[1].Item != p.Items[1] {
		t.Errorf("references %+v", refs)
	}
	if got := score(t, q1, map[string][]string{"RESPONSE": {"B"}}); got != "1" {
		t.Errorf("the key gives %s", got)
	}
	if got := score(t, q1, map[string][]string{"RESPONSE": {"A"}}); got != "0" {
		t.Errorf("another answer gives %s", got)
	}
}

func TestRefusedPackages(t *testing.T) {
	item := item21("q", "<p>x</p>")
	tests := []struct {
		name  string
		files map[string]string
		says  string
	}{
		{"no manifest", map[string]string{"q.xml": item}, "no imsmanifest.xml"},
		{"manifest is something else", map[string]string{"imsmanifest.xml": "<html/>"}, "no manifest: its root is <html>"},
		{"manifest is broken", map[string]string{"imsmanifest.xml": "<manifest>\n<a>"}, "line 2"},
		{"manifest with entities", map[string]string{"imsmanifest.xml": `<!DOCTYPE m [<!ENTITY x "y">]><manifest/>`}, "declares entities"},
		{"empty", map[string]string{"imsmanifest.xml": manifest()}, "no item and no test"},
		{"leaves by href", map[string]string{"imsmanifest.xml": manifest("../q.xml")}, "outside the package"},
		{"leaves encoded", map[string]string{"imsmanifest.xml": manifest("%2e%2e/q.xml")}, "outside the package"},
		{"leaves with backslashes", map[string]string{"imsmanifest.xml": manifest(`..\q.xml`)}, "outside the package"},
		{"elsewhere", map[string]string{"imsmanifest.xml": manifest("http://example.org/q.xml")}, "outside the package"},
		{"all documents missing", map[string]string{"imsmanifest.xml": manifest("q.xml")}, `"q.xml" is not in the package`},
		{"manifest says test", map[string]string{"imsmanifest.xml": manifest("test-q.xml"), "test-q.xml": item}, "contradicts"},
		{"manifest says item", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": testDoc("")}, "contradicts"},
		{"item with entities", map[string]string{"imsmanifest.xml": manifest("q.xml", "r.xml"), "r.xml": item, "q.xml": `<!DOCTYPE a [<!ENTITY a "b">]><assessmentItem/>`}, "declares entities"},
		{"item too deep", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Repeat("<a>", 500) + strings.Repeat("</a>", 500)}, "deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := openZip(pack(t, tt.files), qti.Options{})
			var refused *qti.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want a refusal with %q", err, tt.says)
			}
		})
	}
}

// Strict refuses what is read and reported otherwise.
func TestStrict(t *testing.T) {
	good := item21("good", "<p>x</p>")
	tests := []struct {
		name     string
		files    map[string]string
		severity finding.Severity
		says     string
		items    int
	}{
		{"one document missing", map[string]string{"imsmanifest.xml": manifest("q.xml", "r.xml"), "q.xml": good}, finding.Invalid, `imsmanifest.xml:1 <resource>: invalid: the document "r.xml" is not in the package`, 1},
		{"one document broken", map[string]string{"imsmanifest.xml": manifest("q.xml", "r.xml"), "q.xml": good, "r.xml": "<assessmentItem>\n<p></assessmentItem>"}, finding.Invalid, "r.xml:2: invalid: not well-formed", 1},
		{"picture missing", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="none.png" alt=""/></p>`)}, finding.Invalid, `q.xml:5 <img>: invalid: the file "none.png" is not in the package`, 1},
		{"picture elsewhere", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="https://example.org/a.png" alt=""/></p>`)}, finding.Unsupported, "nothing is fetched", 1},
		{"picture outside", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="../../etc/passwd" alt=""/></p>`)}, finding.Invalid, "leads out of the package", 1},
		{"picture that is none", map[string]string{"imsmanifest.xml": manifest("q.xml"), "a.png": "text", "q.xml": item21("q", `<p><img src="a.png" alt=""/></p>`)}, finding.Invalid, "its head cannot be read", 1},
		{"unsupported interaction", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<drawingInteraction responseIdentifier="X"/>`)}, finding.Unsupported, "<drawingInteraction>: unsupported", 1},
		{"adaptive", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, `adaptive="false"`, `adaptive="true"`, 1)}, finding.Unsupported, "adaptive items", 1},
		{"foreign template", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, "match_correct", "match_sometimes", 1)}, finding.Unsupported, "none of the standard", 1},
		{"variable undeclared", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, `responseIdentifier="RESPONSE"`, `responseIdentifier="OTHER"`, 1)}, finding.Invalid, "OTHER is not declared", 1},
		{"wrong kind of variable", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, `baseType="identifier"`, `baseType="point"`, 1)}, finding.Invalid, "cannot fill the variable", 1},
		{"old QTI", map[string]string{"imsmanifest.xml": strings.Replace(manifest("q.xml", "old.xml"), "imsqti_item_xmlv2p1\" href=\"old", "imsqti_xmlv1p2\" href=\"old", 1), "q.xml": good, "old.xml": "<questestinterop/>"}, finding.Unsupported, "QTI 1 is not read", 1},
		{"route by answers", map[string]string{"imsmanifest.xml": manifest("test.xml", "q.xml"), "q.xml": good, "test.xml": testDoc(`<assessmentSection identifier="S" title="s" visible="true"><assessmentItemRef identifier="I" href="q.xml"><preCondition><gt><variable identifier="SCORE"/><baseValue baseType="integer">1</baseValue></gt></preCondition></assessmentItemRef></assessmentSection>`)}, finding.Unsupported, "does not depend on answers", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustOpen(t, tt.files, qti.Options{})
			if !has(p.Findings, tt.severity, tt.says) || len(p.Items) != tt.items {
				t.Errorf("%d items, findings %v; want %d and %q", len(p.Items), p.Findings, tt.items, tt.says)
			}
			_, err := openZip(pack(t, tt.files), qti.Options{Strict: true})
			var refused *qti.RefusedError
			if !errors.As(err, &refused) || !has(refused.Findings, tt.severity, tt.says) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

// What does no harm is said and read, strict or not.
func TestWarnings(t *testing.T) {
	good := item21("good", "<p>x</p>")
	tests := []struct {
		name  string
		files map[string]string
		says  string
	}{
		{"manifest in other case", map[string]string{"IMSManifest.xml": manifest("q.xml"), "q.xml": good}, "the manifest is called"},
		{"manifest one deeper", map[string]string{"folder/imsmanifest.xml": manifest("q.xml"), "folder/q.xml": good}, "not lie at the root"},
		{"document in other case", map[string]string{"imsmanifest.xml": manifest("Q.XML"), "q.xml": good}, `called "q.xml" in the package, not "Q.XML"`},
		{"picture in other case", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="A.png" alt=""/></p>`), "a.PNG": pngOf(t, 1, 1)}, `called "a.PNG" in the package, not "A.png"`},
		{"document unlisted", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": good, "extra.xml": good}, "extra.xml: note: the document is not in the manifest"},
		{"item unlisted", map[string]string{"imsmanifest.xml": manifest("test.xml"), "q.xml": good, "test.xml": testDoc(`<assessmentSection identifier="S" title="s" visible="true"><assessmentItemRef identifier="I" href="q.xml"/></assessmentSection>`)}, "not in the manifest; it was read all the same"},
		{"listed file missing", map[string]string{"imsmanifest.xml": strings.Replace(manifest("q.xml"), "</resource>", `<file href="a.css"/></resource>`, 1), "q.xml": good}, `"a.css" is listed and not in the package`},
		{"key without a choice", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, "<value>B<", "<value>Z<", 1)}, `names "Z", which is no choice`},
		{"key without rules", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, `<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>`, "", 1)}, "a key and no rules"},
		{"element out of place", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, "</assessmentItem>", "<surprise>!</surprise></assessmentItem>", 1)}, "q.xml:11 <surprise>: warning: the element surprise does not belong here"},
		{"text out of place", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, "</assessmentItem>", "lost</assessmentItem>", 1)}, `q.xml:11: warning: the text "lost"`},
		{"unknown attribute", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, `maxChoices="1"`, `maxChoices="1" minSelections="2"`, 1)}, "note: the attribute min-selections"},
		{"DOCTYPE", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, "<assessmentItem", `<!DOCTYPE assessmentItem SYSTEM "http://example.org/x.dtd"><assessmentItem`, 1)}, "nothing it names was fetched"},
		{"style sheet", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": strings.Replace(good, "<itemBody", `<stylesheet href="a.css" type="text/css"/><itemBody`, 1)}, "note: style sheets are not applied"},
		{"attempts", map[string]string{"imsmanifest.xml": manifest("test.xml", "q.xml"), "q.xml": good, "test.xml": testDoc(`<assessmentSection identifier="S" title="s" visible="true"><itemSessionControl maxAttempts="3"/><assessmentItemRef identifier="I" href="q.xml"/></assessmentSection>`)}, "one attempt at each item"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustOpen(t, tt.files, qti.Options{Strict: true})
			said := has(p.Findings, finding.Warning, tt.says) || has(p.Findings, finding.Note, tt.says) || has(p.Findings, finding.Note, strings.TrimPrefix(tt.says, "note: "))
			if len(p.Items) != 1 || !p.Items[0].Usable() || !said {
				t.Errorf("%d items, findings %v; want %q", len(p.Items), p.Findings, tt.says)
			}
		})
	}
}

// Every limit of Options is one that a package can meet.
func TestLimits(t *testing.T) {
	two := map[string]string{"imsmanifest.xml": manifest("q.xml", "r.xml"), "q.xml": item21("q", "<p>x</p>"), "r.xml": item21("r", "<p>x</p>")}
	picture := func(w, h int) map[string]string {
		return map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="a.png" alt=""/></p>`), "a.png": pngOf(t, w, h)}
	}
	inline := func(bytes int) map[string]string {
		data := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", bytes)))
		return map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="`+data+`" alt=""/></p>`)}
	}
	including := func(n int) map[string]string {
		return map[string]string{"imsmanifest.xml": manifest("q.xml"), "part.xml": "<p>part</p>", "q.xml": item21("q", strings.Repeat(`<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="part.xml"/>`, n))}
	}
	tests := []struct {
		name    string
		files   map[string]string
		tight   qti.Options
		refused string // or
		finding string
	}{
		{"Items", two, qti.Options{Items: 1}, "more than 1 items", ""},
		{"Intake.Files", two, qti.Options{Intake: intake.Limits{Files: 2}}, "3 entries", ""},
		{"XML.Bytes", two, qti.Options{XML: xmltree.Limits{Bytes: 500}}, "more than 500", ""},
		{"XML.Depth", two, qti.Options{XML: xmltree.Limits{Depth: 3}}, "more than 3 deep", ""},
		{"XML.Nodes", two, qti.Options{XML: xmltree.Limits{Nodes: 20}}, "more than 20 elements", ""},
		{"Parsed", two, qti.Options{Parsed: 1500}, "more than 1500 bytes together", ""},
		{"ImagePixels", picture(20, 20), qti.Options{ImagePixels: 399}, "", "20 × 20 pixels"},
		{"ImageSide", picture(1, 20), qti.Options{ImageSide: 19}, "", "1 × 20 pixels"},
		{"InlineBytes", inline(2000), qti.Options{InlineBytes: 1999}, "", "more than 1999 bytes"},
		{"Includes", including(3), qti.Options{Includes: 2}, "", "there are too many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p := mustOpen(t, tt.files, qti.Options{Strict: true}); len(p.Items) == 0 {
				t.Error("nothing is read under the default limits")
			}
			p, err := openZip(pack(t, tt.files), tt.tight)
			switch {
			case tt.refused != "":
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("got %v, want %q", err, tt.refused)
				}
			case err != nil:
				t.Error(err)
			case !has(p.Findings, finding.Invalid, tt.finding) && !has(p.Findings, finding.Unsupported, tt.finding):
				t.Errorf("findings %v, want %q", p.Findings, tt.finding)
			}
		})
	}
	t.Run("Findings", func(t *testing.T) {
		many := map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", strings.Repeat("<p><blink>x</blink></p>", 100)+`<drawingInteraction/>`)}
		p := mustOpen(t, many, qti.Options{Findings: 10})
		if n := len(p.Items[0].Findings); n != 11 || !has(p.Findings, finding.Warning, "more of this severity") || !has(p.Findings, finding.Unsupported, "drawing") {
			t.Errorf("%d findings: %v", n, p.Findings)
		}
	})
	t.Run("Findings of many", func(t *testing.T) {
		files := make(map[string]string)
		var names []string
		for i := range 60 {
			name := fmt.Sprintf("q%02d.xml", i)
			names = append(names, name)
			files[name] = item21(fmt.Sprintf("q%02d", i), strings.Repeat("<blink/>", 600))
		}
		files["imsmanifest.xml"] = manifest(names...)
		p := mustOpen(t, files, qti.Options{})
		first, last := len(p.Items[0].Findings), len(p.Items[59].Findings)
		if first != 501 || last != 11 {
			t.Errorf("the first item has %d findings, the last %d; want 501 and 11", first, last)
		}
	})
	t.Run("Steps", func(t *testing.T) {
		p := mustOpen(t, two, qti.Options{Steps: 3})
		s, err := p.Items[0].Start(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mark(); !errors.Is(err, processing.ErrTooLong) {
			t.Errorf("marking in three steps: %v", err)
		}
	})
	t.Run("Progress", func(t *testing.T) {
		var calls []string
		mustOpen(t, two, qti.Options{Progress: func(done, total int) { calls = append(calls, fmt.Sprint(done, "/", total)) }})
		if got := strings.Join(calls, " "); got != "1/2 2/2" {
			t.Errorf("progress %q", got)
		}
	})
}

// A picture that would fill the memory is known by its head; nothing decodes it.
func TestGiantPicture(t *testing.T) {
	giant := []byte(pngOf(t, 1, 1))
	copy(giant[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65 536 × 65 536 pixels, 16 GiB
	sum := crcOf(giant[12:29])
	copy(giant[29:33], sum)
	p := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="a.png" alt=""/></p>`), "a.png": string(giant)}, qti.Options{})
	if p.Items[0].Usable() || !has(p.Findings, finding.Invalid, "65536 × 65536 pixels") {
		t.Errorf("findings %v", p.Findings)
	}
}

func TestInlinePicture(t *testing.T) {
	data := base64.StdEncoding.EncodeToString([]byte(pngOf(t, 2, 2)))
	p := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="data:image/png;base64,`+data+`" alt=""/></p>`)}, qti.Options{Strict: true})
	name := p.Items[0].Media[0]
	if got, err := p.File(name); err != nil || string(got) != pngOf(t, 2, 2) || !strings.HasPrefix(name, "data:") {
		t.Errorf("%s: %d bytes, %v", name, len(got), err)
	}
	bad := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", `<p><img src="data:text/html,evil" alt=""/><img src="data:image/png;base64,***" alt=""/><img src="data:x" alt=""/></p>`)}, qti.Options{})
	if !has(bad.Findings, finding.Unsupported, `type "text/html" is not read`) || !has(bad.Findings, finding.Invalid, "cannot be read") || !has(bad.Findings, finding.Invalid, "has no data") {
		t.Errorf("findings %v", bad.Findings)
	}
}

func TestIncludeAndSharedText(t *testing.T) {
	p := mustOpen(t, map[string]string{
		"imsmanifest.xml": manifest("q.xml"),
		"q.xml":           strings.Replace(item21("q", `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="parts/text.xml"/><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="loop.xml"/><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>`), "<itemBody", `<assessmentStimulusRef identifier="st" href="text/st.xml"/><itemBody`, 1),
		"parts/text.xml":  `<div><p>Shared <img src="a.png" alt="x"/></p></div>`,
		"parts/a.png":     pngOf(t, 1, 1),
		"loop.xml":        `<div xmlns:xi="http://www.w3.org/2001/XInclude"><p>again</p><xi:include href="loop.xml"/></div>`,
		"text/st.xml":     `<qti-assessment-stimulus xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="st" title="Text"><qti-stimulus-body><p>Long text</p></qti-stimulus-body></qti-assessment-stimulus>`,
	}, qti.Options{})
	it := p.Items[0]
	text := body.Plain(it.Body)
	if !strings.HasPrefix(text, "Shared [x]\nagain") || it.Media[0] != "parts/a.png" {
		t.Errorf("body %q, media %v", text, it.Media)
	}
	if !has(p.Findings, finding.Unsupported, "there are too many") || !has(p.Findings, finding.Unsupported, `"file:///etc/passwd" is not included`) {
		t.Errorf("findings %v", p.Findings)
	}
	if len(it.Stimuli) != 1 || body.Plain(it.Stimuli[0].Body) != "Long text" || it.Stimuli[0].Title != "Text" {
		t.Errorf("shared text %+v", it.Stimuli)
	}
}

// Older packages share texts among items as pages of XHTML.
func TestSharedPage(t *testing.T) {
	object := func(href string) string {
		return `<object data="` + href + `" type="text/html"/>`
	}
	p := mustOpen(t, map[string]string{
		"imsmanifest.xml":  manifest("a.xml", "b.xml", "c.xml"),
		"a.xml":            item21("a", object("shared/text.html")),
		"b.xml":            item21("b", object("shared/broken.html")),
		"c.xml":            item21("c", object("http://example.org/text.html")),
		"shared/text.html": `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title><style>p{}</style></head><body><h1>Orkney</h1><p>A&nbsp;text <img src="a.png" alt="map"/></p><script>evil()</script></body></html>`,
		"shared/a.png":     pngOf(t, 1, 1), "shared/broken.html": "<html><body><p>one<p>two</body></html>",
	}, qti.Options{})
	if got := body.Plain(p.Items[0].Body[:1]); got != "Orkney\nA\u00a0text [map]" || !p.Items[0].Usable() || p.Items[0].Media[0] != "shared/a.png" {
		t.Errorf("the text is %q, findings %v", got, p.Items[0].Findings)
	}
	if p.Items[1].Usable() || !has(p.Items[1].Findings, finding.Unsupported, "not well-formed") {
		t.Errorf("a page that is no XML: %v", p.Items[1].Findings)
	}
	if p.Items[2].Usable() || !has(p.Items[2].Findings, finding.Unsupported, "only documents of the package") {
		t.Errorf("a page elsewhere: %v", p.Items[2].Findings)
	}
}

// QTI 2 and QTI 3 say the same in different words; the model does not tell them apart.
func TestVersionsAreOneModel(t *testing.T) {
	two := item21("q", "<p>x</p>")
	three := strings.NewReplacer("http://www.imsglobal.org/xsd/imsqti_v2p1", "http://www.imsglobal.org/xsd/imsqtiasi_v3p0", "assessmentItem", "qti-assessment-item", "timeDependent", "time-dependent",
		"responseDeclaration", "qti-response-declaration", "baseType", "base-type", "correctResponse", "qti-correct-response", "<value>", "<qti-value>", "</value>", "</qti-value>",
		"outcomeDeclaration", "qti-outcome-declaration", "itemBody", "qti-item-body", "choiceInteraction", "qti-choice-interaction", "responseIdentifier", "response-identifier", "maxChoices", "max-choices",
		"simpleChoice", "qti-simple-choice", "responseProcessing", "qti-response-processing", "http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct", "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml").Replace(two)
	p := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q2.xml", "q3.xml"), "q2.xml": two, "q3.xml": three}, qti.Options{Strict: true})
	a, b := p.Items[0], p.Items[1]
	if a.Version != qti.V21 || b.Version != qti.V30 || len(p.Findings) != 0 {
		t.Fatalf("versions %s, %s; findings %v", a.Version, b.Version, p.Findings)
	}
	if diff := cmp.Diff(a.Body, b.Body); diff != "" {
		t.Errorf("2.1 and 3.0 differ:\n%s", diff)
	}
	if x, y := score(t, a, map[string][]string{"RESPONSE": {"B"}}), score(t, b, map[string][]string{"RESPONSE": {"B"}}); x != "1" || y != "1" {
		t.Errorf("scores %s, %s", x, y)
	}
}

func TestOpenKinds(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", "<p>x</p>")}
	write := func(name, data string) string {
		t.Helper()
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	write("pack.zip", string(pack(t, files)))
	for name, data := range files {
		write("folder/"+name, data)
	}
	write("loose/a.xml", item21("a", "<p>x</p>"))
	write("loose/deep/b.xml", item21("b", "<p>x</p>"))
	write("loose/note.xml", "<note/>")
	write("loose/broken.xml", "<a>")
	write("direct.xml", item21("d", "<p>x</p>"))
	for name, want := range map[string]int{"pack.zip": 1, "folder": 1, "loose": 2, "direct.xml": 1} {
		p, err := qti.Open(filepath.Join(dir, name), qti.Options{})
		if err != nil || len(p.Items) != want {
			t.Errorf("%s: %v, want %d items", name, err, want)
			continue
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := qti.Open(filepath.Join(dir, "none.zip"), qti.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	units, err := qti.Discover(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, u := range units {
		rel, _ := filepath.Rel(dir, u.Path)
		found = append(found, fmt.Sprintf("%s flat=%v loose=%v", rel, u.Flat, u.Loose))
	}
	if got, want := strings.Join(found, "; "), ". flat=true loose=true; folder flat=false loose=false; loose flat=false loose=true; pack.zip flat=false loose=false"; got != want {
		t.Errorf("found %s\nwant  %s", got, want)
	}
	p, err := units[0].Open(qti.Options{})
	if err != nil || len(p.Items) != 1 || p.Items[0].ID != "d" {
		t.Errorf("the documents directly in the folder: %v", err)
	}
}
