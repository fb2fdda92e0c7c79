package qti_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/trial"
	"emtihan/exam/qti/xmltree"
)

// tight are limits under which no input can take long.
var tight = qti.Options{
	Intake: intake.Limits{FileBytes: 1 << 20, TotalBytes: 4 << 20, Files: 100},
	XML:    xmltree.Limits{Bytes: 1 << 18, Depth: 60, Nodes: 20_000},
	Steps:  20_000, Items: 50,
}

func use(t *testing.T, p *qti.Package) {
	t.Helper()
	for _, it := range p.Items {
		s, err := it.Start(3)
		if err != nil {
			continue
		}
		body.Plain(s.Body())
		for _, in := range it.Interactions {
			qti.Shuffled(in, 3)
		}
		for _, name := range it.Media {
			if _, err := p.File(name); err != nil {
				var e *intake.Error
				if !errors.As(err, &e) {
					t.Fatalf("%s: an error of another kind: %v", name, err)
				}
			}
		}
		trial.Item(it)
	}
	for _, test := range p.Tests {
		f := test.Arrange(3)
		var worked []qti.Worked
		for _, placed := range f.Items {
			if placed.Ref.Item == nil {
				continue
			}
			if s, err := placed.Ref.Item.Start(3); err == nil {
				worked = append(worked, qti.Worked{Placed: placed, Session: s})
			}
		}
		_, _, _ = f.Score(worked)
	}
}

func FuzzPackage(f *testing.F) {
	f.Add(pack(f, map[string]string{"imsmanifest.xml": manifest("test.xml", "q.xml"), "q.xml": item21("q", `<p><img src="a.png" alt=""/></p>`), "a.png": pngOf(f, 2, 2), "test.xml": testDoc(`<assessmentSection identifier="S" title="s" visible="true"><selection select="1"/><ordering shuffle="true"/><assessmentItemRef identifier="I" href="q.xml"/></assessmentSection>`)}))
	f.Add(pack(f, map[string]string{"imsmanifest.xml": "<manifest/>", "../a": "x"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := openZip(data, tight)
		if err != nil {
			var refused *qti.RefusedError
			var in *intake.Error
			if !errors.As(err, &refused) && !errors.As(err, &in) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		use(t, p)
	})
}

// The parts of a package as text, so that the fuzzer need not guess checksums.
func FuzzDocuments(f *testing.F) {
	section := `<assessmentSection identifier="S" title="s" visible="true"><selection select="1" withReplacement="true"/><assessmentItemRef identifier="I" href="q.xml"/></assessmentSection>`
	f.Add(manifest("test.xml", "q.xml"), testDoc(section), item21("q", "<p>x</p>"))
	f.Add(manifest("test.xml", "q.xml"), testDoc(`<assessmentSectionRef identifier="S" href="test.xml"/>`), item21("q", `<gapMatchInteraction responseIdentifier="G"><gapText identifier="a">x</gapText><p><gap identifier="b"/></p></gapMatchInteraction>`))
	f.Add("<manifest/>", "", `<assessmentItem identifier="x"><templateDeclaration identifier="A" cardinality="single" baseType="integer"/><templateProcessing><setTemplateValue identifier="A"><randomInteger min="1" max="9"/></setTemplateValue><templateConstraint><null/></templateConstraint></templateProcessing><itemBody><p><printedVariable identifier="A" format="%.9f"/></p></itemBody></assessmentItem>`)
	samples, err := filepath.Glob(filepath.Join("testdata", "samples", "*.xml"))
	if err != nil || len(samples) == 0 {
		f.Fatal("no samples: ", err)
	}
	for _, name := range samples {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(manifest("q.xml"), "", string(data))
	}
	f.Fuzz(func(t *testing.T, man, test, item string) {
		source, err := intake.Files(map[string][]byte{"imsmanifest.xml": []byte(man), "test.xml": []byte(test), "q.xml": []byte(item), "a.png": bytes.Repeat([]byte{1}, 20)}, tight.Intake)
		if err != nil {
			return
		}
		p, err := qti.Read("fuzz", source, tight, nil)
		if err == nil {
			use(t, p)
		}
		loose, err := intake.Files(map[string][]byte{"q.xml": []byte(item)}, tight.Intake)
		if err != nil {
			return
		}
		if p, err = qti.Read("fuzz", loose, tight, func(string) bool { return true }); err == nil {
			use(t, p)
		}
	})
}

// FuzzManifest varies the manifest over good documents.
func FuzzManifest(f *testing.F) {
	test := testDoc(`<assessmentSection identifier="S" title="s" visible="true"><assessmentItemRef identifier="I" href="q.xml"/></assessmentSection>`)
	f.Add(manifest("q.xml", "test.xml"))
	f.Add(`<manifest xml:base="a/"><resources xml:base="../"><resource identifier="r" type="imsqti_item_xmlv2p1" href="q%2exml"><file href="q.xml"/><dependency identifierref="r"/></resource></resources></manifest>`)
	f.Add(`<manifest><resources><resource type="imsqti_xmlv1p2" href="q.xml"/><resource type="webcontent" href="http://example.org/"/></resources></manifest>`)
	f.Fuzz(func(t *testing.T, text string) {
		source, err := intake.Files(map[string][]byte{"imsmanifest.xml": []byte(text), "q.xml": []byte(item21("q", "<p>x</p>")), "test.xml": []byte(test)}, tight.Intake)
		if err != nil {
			t.Fatal(err)
		}
		p, err := qti.Read("p", source, tight, nil)
		if err != nil {
			var refused *qti.RefusedError
			if !errors.As(err, &refused) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		use(t, p)
	})
}
