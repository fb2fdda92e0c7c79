package qti_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"slices"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/processing"
)

// manifest lists documents as a QTI 2.1 package does; the resource's type follows from the name.
func manifest(names ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="M"><metadata><schema>QTIv2.1 Package</schema><schemaversion>1.0.0</schemaversion></metadata><organizations/><resources>`)
	for i, name := range names {
		kind := "item"
		if strings.Contains(name, "test") {
			kind = "test"
		}
		fmt.Fprintf(&b, `<resource identifier="R%d" type="imsqti_%s_xmlv2p1" href="%s"><file href="%s"/></resource>`, i, kind, name, name)
	}
	b.WriteString(`</resources></manifest>`)
	return b.String()
}

// item21 makes an item of QTI 2.1 with one choice interaction and what is given besides.
func item21(id, inside string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="` + id + `" title="Title of ` + id + `" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier"><correctResponse><value>B</value></correctResponse></responseDeclaration>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
  <itemBody>` + inside + `
    <choiceInteraction responseIdentifier="RESPONSE" maxChoices="1" shuffle="true">
      <simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice><simpleChoice identifier="C" fixed="true">c</simpleChoice><simpleChoice identifier="D">d</simpleChoice>
    </choiceInteraction>
  </itemBody>
  <responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>
</assessmentItem>`
}

func testDoc(sections string) string {
	return `<assessmentTest xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="T" title="A test">
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
  <testPart identifier="P" navigationMode="nonlinear" submissionMode="simultaneous">` + sections + `</testPart>
  <outcomeProcessing><setOutcomeValue identifier="SCORE"><sum><testVariables variableIdentifier="SCORE" weightIdentifier="W"/></sum></setOutcomeValue></outcomeProcessing>
</assessmentTest>`
}

func pngOf(t testing.TB, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openZip(data []byte, options qti.Options) (*qti.Package, error) {
	source, err := intake.Zip(bytes.NewReader(data), int64(len(data)), options.Intake)
	if err != nil {
		return nil, err
	}
	return qti.Read("package.zip", source, options, nil)
}

func mustOpen(t testing.TB, files map[string]string, options qti.Options) *qti.Package {
	t.Helper()
	p, err := openZip(pack(t, files), options)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func has(all []finding.Finding, s finding.Severity, text string) bool {
	return slices.ContainsFunc(all, func(f finding.Finding) bool { return f.Severity == s && strings.Contains(f.String(), text) })
}

func score(t testing.TB, it *qti.Item, answers map[string][]string) string {
	t.Helper()
	s, err := it.Start(1)
	if err != nil {
		t.Fatal(err)
	}
	for id, texts := range answers {
		if err := s.AnswerText(id, texts...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Mark(); err != nil {
		t.Fatal(err)
	}
	return s.State.Values["SCORE"].String()
}

func single(b processing.Base, text string) processing.Value {
	return processing.Texts(processing.Single, b, text)
}
