package qti_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/intake"
)

// bank makes a package with n items of five sorts.
func bank(tb testing.TB, n int) (*intake.Source, [][]byte) {
	tb.Helper()
	files := make(map[string][]byte)
	var names []string
	var docs [][]byte
	for i := range n {
		name := fmt.Sprintf("items/q%05d.xml", i)
		inside := fmt.Sprintf("<p>Question %d: which of these is <b>right</b>, if H<sub>2</sub>O boils at 100 °C?</p>", i)
		if i%5 == 1 {
			inside += "<table><tbody>" + strings.Repeat("<tr><td>a</td><td>b</td><td>c</td></tr>", 6) + "</tbody></table>"
		}
		if i%5 == 2 {
			inside += strings.Repeat("<p>A long text that several sentences make up. It goes on for a while, as texts for reading do.</p>", 12)
		}
		if i%5 == 3 {
			inside += `<p><m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:mfrac><m:mrow><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:mrow><m:msup><m:mi>c</m:mi><m:mn>2</m:mn></m:msup></m:mfrac></m:math></p>`
		}
		doc := []byte(item21(fmt.Sprintf("q%05d", i), inside))
		files[name] = doc
		docs = append(docs, doc)
		names = append(names, name)
	}
	files["imsmanifest.xml"] = []byte(manifest(names...))
	docs = append(docs, files["imsmanifest.xml"])
	source, err := intake.Files(files, intake.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return source, docs
}

// BenchmarkImport reads a bank of 5000 items. Compare with BenchmarkXML, which only decodes the same documents.
func BenchmarkImport(b *testing.B) {
	source, _ := bank(b, 5000)
	b.ReportAllocs()
	for b.Loop() {
		p, err := qti.Read("bank", source, qti.Options{Strict: true}, nil)
		if err != nil || len(p.Items) != 5000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkXML(b *testing.B) {
	_, docs := bank(b, 5000)
	b.ReportAllocs()
	for b.Loop() {
		for _, doc := range docs {
			d := xml.NewDecoder(bytes.NewReader(doc))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

func TestBank(t *testing.T) {
	source, _ := bank(t, 300)
	p, err := qti.Read("bank", source, qti.Options{Strict: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range p.Items {
		if !it.Usable() || !it.MachineMarked() || len(it.Findings) > 0 {
			t.Fatalf("%s: %v", it.Path, it.Findings)
		}
	}
}
