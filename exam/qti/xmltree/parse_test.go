package xmltree_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"emtihan/exam/qti/xmltree"
)

func TestNames(t *testing.T) {
	doc, err := xmltree.Parse([]byte(`<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" timeDependent="false"
  xmlns:m="http://www.w3.org/1998/Math/MathML"><durationLT/><anyN/><p/><m:mathML mathColor="red"/><qti-map-entry map-key="a"/></assessmentItem>`), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	root := doc.Root
	if root.Name != "assessment-item" || root.Raw != "assessmentItem" || root.Attr("time-dependent") != "false" || root.Line != 1 {
		t.Errorf("root %+v", root)
	}
	var names []string
	for c := range root.Elements() {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "duration-lt any-n p mathML map-entry" {
		t.Errorf("names %s", got)
	}
	if m := root.Children[3]; m.Space != xmltree.MathML || m.Attr("mathColor") != "red" || m.Line != 2 {
		t.Errorf("math %+v", m)
	}
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func TestEncodings(t *testing.T) {
	const text = `<p>Қазақ тілі</p>`
	tests := []struct {
		name string
		data []byte
		want string
		says string // of a remark
	}{
		{"UTF-8", []byte(text), "Қазақ тілі", ""},
		{"UTF-8 with a mark", append([]byte("\xef\xbb\xbf"), text...), "Қазақ тілі", ""},
		{"UTF-16 with a mark", append([]byte{0xff, 0xfe}, utf16le(`<?xml version="1.0" encoding="UTF-16"?>`+text)...), "Қазақ тілі", ""},
		{"UTF-16 without a mark", utf16le(text), "Қазақ тілі", ""},
		{"says UTF-16 and is UTF-8", []byte(`<?xml version="1.0" encoding="UTF-16"?>` + text), "Қазақ тілі", "read as UTF-8"},
		{"windows-1251", []byte("<?xml version=\"1.0\" encoding=\"windows-1251\"?><p>\xdd\xea\xe7\xe0\xec\xe5\xed</p>"), "Экзамен", ""},
		{"says windows-1251 and is UTF-8", []byte(`<?xml version="1.0" encoding="windows-1251"?>` + text), "Қазақ тілі", "read as UTF-8"},
		{"ISO-8859-1", []byte("<?xml version='1.0' encoding='ISO-8859-1'?><p>caf\xe9</p>"), "café", ""},
		{"HTML entities", []byte(`<p>a&nbsp;b&mdash;c</p>`), "a\u00a0b—c", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := xmltree.Parse(tt.data, xmltree.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := doc.Root.Content(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			remarks := ""
			for _, r := range doc.Remarks {
				remarks += r.Text
			}
			if tt.says == "" && remarks != "" || !strings.Contains(remarks, tt.says) {
				t.Errorf("remarks %q, want %q", remarks, tt.says)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	deep := strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300)
	wide := "<a" + strings.Repeat(` b`, 0) + func() string {
		var b strings.Builder
		for i := range 300 {
			b.WriteString(" a" + strings.Repeat("x", i) + `="1"`)
		}
		return b.String()
	}() + "/>"
	tests := []struct {
		name    string
		doc     string
		limits  xmltree.Limits
		line    int
		says    string
		hostile bool
	}{
		{"empty", "", xmltree.Limits{}, 0, "empty", false},
		{"unclosed", "<a>\n<b>", xmltree.Limits{}, 2, "unexpected EOF", false},
		{"crossed", "<a>\n<b></a>", xmltree.Limits{}, 2, "element <b> closed by </a>", false},
		{"two roots", "<a/>\n<b/>", xmltree.Limits{}, 2, "more than one root", false},
		{"text outside", "<a/>\nx", xmltree.Limits{}, 1, "outside the root", false},
		{"billion laughs", "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;\">]>\n<a>&m;</a>", xmltree.Limits{}, 1, "declares entities", true},
		{"foreign file", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, xmltree.Limits{}, 1, "declares entities", true},
		{"parameter entity", `<!DOCTYPE a [<!ENTITY % x SYSTEM "http://example.org/x.dtd"> %x;]><a/>`, xmltree.Limits{}, 1, "declares entities", true},
		{"declarations inside", `<!DOCTYPE a [<!ELEMENT a ANY>]><a/>`, xmltree.Limits{}, 1, "declarations inside", true},
		{"unknown entity", `<a>&nonesuch;</a>`, xmltree.Limits{}, 1, "entities of XML and HTML", false},
		{"deep", deep, xmltree.Limits{}, 1, "more than 200 deep", true},
		{"deep as asked", "<a><b><c/></b></a>", xmltree.Limits{Depth: 2}, 1, "more than 2 deep", true},
		{"many nodes", "<a>" + strings.Repeat("<b/>", 50) + "</a>", xmltree.Limits{Nodes: 40}, 1, "more than 40 elements", true},
		{"many bytes", "<a>" + strings.Repeat("x", 50) + "</a>", xmltree.Limits{Bytes: 40}, 0, "more than 40", true},
		{"many attributes", wide, xmltree.Limits{}, 1, "300 attributes", true},
		{"not UTF-8", "<a>\n\xdd\xea\xe7</a>", xmltree.Limits{}, 2, "not in UTF-8", false},
		{"says UTF-8 and is not", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\xdd\xea\xe7</a>", xmltree.Limits{}, 2, `says encoding "UTF-8"`, false},
		{"says UTF-16 and is neither", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>\xdd\xea\xe7</a>", xmltree.Limits{}, 1, "is in another", false},
		{"unknown encoding", `<?xml version="1.0" encoding="x-klingon"?><a/>`, xmltree.Limits{}, 1, "not known", false},
		{"UTF-32", "\xff\xfe\x00\x00<\x00\x00\x00", xmltree.Limits{}, 0, "UTF-32", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := xmltree.Parse([]byte(tt.doc), tt.limits)
			var e *xmltree.Error
			if !errors.As(err, &e) || e.Line != tt.line || e.Hostile != tt.hostile || !strings.Contains(e.Text, tt.says) {
				t.Fatalf("got %#v, want line %d, hostile %v, %q", err, tt.line, tt.hostile, tt.says)
			}
		})
	}
}

func TestDoctypeIsIgnored(t *testing.T) {
	doc, err := xmltree.Parse([]byte("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n<p/>"), xmltree.Limits{})
	if err != nil || len(doc.Remarks) != 1 || !strings.Contains(doc.Remarks[0].Text, "nothing it names was fetched") {
		t.Fatalf("%+v, %v", doc, err)
	}
}

func unseen(root *xmltree.Node) string {
	var out []string
	root.Unseen(func(n *xmltree.Node, attr string) {
		switch {
		case attr != "":
			out = append(out, n.Raw+"@"+attr)
		case n.IsText():
			out = append(out, "'"+strings.TrimSpace(n.Text)+"'")
		default:
			out = append(out, n.Raw)
		}
	})
	return strings.Join(out, " ")
}

func TestUnseen(t *testing.T) {
	doc, err := xmltree.Parse([]byte(`<a x="1" y="2" class="c"> stray <b><c z="3"/></b><d>text</d><e/> </a>`), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	root := doc.Root
	if got := unseen(root); got != "a" {
		t.Errorf("nothing was looked at, and unseen is %q", got)
	}
	root.Attr("x")
	for c := range root.Elements() {
		switch c.Name {
		case "b":
			c.See()
		case "d":
			c.Content()
		}
	}
	if got := unseen(root); got != "a@y 'stray' c e" {
		t.Errorf("unseen is %q", got)
	}
	root.Skip()
	if got := unseen(root); got != "" {
		t.Errorf("all was skipped, and unseen is %q", got)
	}
}

func TestXML(t *testing.T) {
	doc, err := xmltree.Parse([]byte(`<p><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>a &amp; b</title><x:evil xmlns:x="urn:x"/><rect strokeWidth="1"/></svg></p>`), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>a &amp; b</title><rect strokeWidth="1"></rect></svg>`
	if got := string(doc.Root.Children[0].XML()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"<a/>", "\xff\xfe<\x00a\x00", `<?xml version="1.0" encoding="windows-1251"?><a b="c">d&amp;</a>`, "<!DOCTYPE a><a><![CDATA[x]]></a>", `<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"/>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := xmltree.Parse(data, xmltree.Limits{Depth: 50, Nodes: 5000, Bytes: 1 << 16})
		if err != nil {
			var e *xmltree.Error
			if !errors.As(err, &e) || e.Text == "" {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		unseen(doc.Root)
		doc.Root.Content()
		doc.Root.XML()
	})
}

// What a document can make the reader allocate is bounded by its bytes, whatever it is made of.
func TestMemory(t *testing.T) {
	limits := xmltree.Limits{Bytes: xmltree.DefaultBytes / 8, Nodes: xmltree.DefaultNodes / 8}
	fill := func(part string) []byte {
		return []byte("<a>" + strings.Repeat(part, (limits.Bytes-16)/len(part)) + "</a>")
	}
	for name, data := range map[string][]byte{
		"elements":   fill("<b/>"),
		"texts":      fill("<b>x</b>"),
		"attributes": fill(`<b c="" d="" e="" f=""/>`),
		"comments":   fill("<!---->"),
		"entities":   fill("&lt;"),
		"one text":   fill("x"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		doc, err := xmltree.Parse(data, limits)
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(doc)
		used := int64(after.TotalAlloc - before.TotalAlloc)
		t.Logf("%-10s %4d MiB allocated in all, %v", name, used>>20, err)
		if used > 40*int64(limits.Bytes) {
			t.Errorf("%s: %d MiB were allocated for a document of %d", name, used>>20, limits.Bytes>>20)
		}
	}
}
