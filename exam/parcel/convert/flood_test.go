package convert_test

import (
	"strings"
	"testing"
	"time"

	"emtihan/exam/parcel/convert"
	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/trial"
)

// A document that repeats one thing as often as its size allows is read, shown, tried and converted, or refused, in a time that grows
// with its size and not with the square of it: then none of these would come to an end within the deadline.
func TestFlood(t *testing.T) {
	const (
		size     = 1 << 18
		deadline = 3 * time.Minute
		choice   = `<choiceInteraction responseIdentifier="RESPONSE" maxChoices="1">`
		math     = `<math xmlns="http://www.w3.org/1998/Math/MathML">`
	)
	item := func(inside string) string {
		return `<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="q" title="q" adaptive="false" timeDependent="false"><responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier"><correctResponse><value>B</value></correctResponse></responseDeclaration><outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/><itemBody>` + inside + choice + `<simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice></choiceInteraction></itemBody><responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/></assessmentItem>`
	}
	within := func(before, part, after string) string {
		return item(before + strings.Repeat(part, size/len(part)) + after)
	}
	before := func(mark, part string) string {
		return strings.Replace(item("<p/>"), mark, strings.Repeat(part, size/len(part))+mark, 1)
	}
	picture := pngFile(t)
	for name, doc := range map[string]string{
		"paragraphs": within("", "<p>x</p>", ""), "bold": within("<p>", "<b>x</b>", "</p>"), "two styles": within("<p>", "<b>x</b><i>y</i>", "</p>"), "breaks": within("<p>", "x<br/>", "</p>"),
		"pictures": within("<p>", `<img src="a.png" alt="a"/>`, "</p>"), "points of a list": within("<ul>", "<li>x</li>", "</ul>"), "paragraphs in a list": within("<ul><li>", "<p>x</p>", "</li></ul>"),
		"rows": within("<table>", "<tr><td>x</td></tr>", "</table>"), "cells": within("<table><tr>", "<td>x</td>", "</tr></table>"), "paragraphs in a cell": within("<table><tr><td>", "<p>x</p>", "</td></tr></table>"),
		"ruby": within("<p><ruby>", "a<rt>b</rt>", "</ruby></p>"), "formulas": within("<p>", math+"<mi>x</mi></math>", "</p>"), "a formula": within("<p>"+math, "<mi>x</mi>", "</math></p>"),
		"choices": within(choice, `<simpleChoice identifier="x">a</simpleChoice>`, "</choiceInteraction>"), "interactions": within("", choice+`<simpleChoice identifier="x">a</simpleChoice></choiceInteraction>`, ""),
		"unknown elements": within("", "<zz>x</zz>", ""), "unknown attributes": within("", `<p a="1" b="2">x</p>`, ""), "gaps": within(`<gapMatchInteraction responseIdentifier="R"><p>`, `<gap identifier="x"/>`, "</p></gapMatchInteraction>"),
		"feedback": within("<p>", `<feedbackInline outcomeIdentifier="x" identifier="y">a</feedbackInline>`, "</p>"), "comments": within("<p>", "x<!--y-->", "</p>"), "signs": within("<p>", "&amp;", "</p>"),
		"variables": within("<p>", `<printedVariable identifier="x"/>`, "</p>"), "drawings": within("<p>", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "</p>"),
		"declarations": before("<outcomeDecl", `<responseDeclaration identifier="a" cardinality="single" baseType="string"/>`), "keys": before("</correctResponse>", "<value>a</value>"),
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			source, err := intake.Files(map[string][]byte{"q.xml": []byte(doc), "a.png": []byte(picture)}, intake.Limits{})
			if err != nil {
				t.Error(err)
				return
			}
			p, err := qti.Read("p", source, qti.Options{}, func(string) bool { return true })
			if err != nil {
				return
			}
			it := p.Items[0]
			if s, err := it.Start(1); err == nil {
				body.Plain(s.Body())
			}
			trial.Item(it)
			_, _ = convert.Single(p, it, convert.Options{ID: "p", Lang: "en"}) // refused or not, it ends
			_, _, _, _ = convert.Sheet(p, it, "en")
		}()
		select {
		case <-done:
		case <-time.After(deadline):
			t.Fatalf("%s: no end within %v", name, deadline)
		}
	}
}
