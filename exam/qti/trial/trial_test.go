package trial_test

import (
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/trial"
)

const (
	choice = `<choiceInteraction responseIdentifier="RESPONSE" maxChoices="2"><simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice><simpleChoice identifier="C">c</simpleChoice></choiceInteraction>`
	key    = `<correctResponse><value>A</value><value>B</value></correctResponse>`
	points = `<mapping defaultValue="0"><mapEntry mapKey="A" mappedValue="1"/><mapEntry mapKey="B" mappedValue="2"/></mapping>`
	match  = `<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>`
	maps   = `<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"/>`
)

func outcome(t *testing.T, declaration, score, rules string) trial.Outcome {
	t.Helper()
	doc := `<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="q" title="q" adaptive="false" timeDependent="false">
	<responseDeclaration identifier="RESPONSE" cardinality="multiple" baseType="identifier">` + declaration + `</responseDeclaration>
	<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" ` + score + `/><itemBody>` + choice + `</itemBody>` + rules + `</assessmentItem>`
	source, err := intake.Files(map[string][]byte{"q.xml": []byte(doc)}, intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := qti.Read("q", source, qti.Options{}, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return trial.Item(p.Items[0])
}

func set(value string) string {
	return `<setOutcomeValue identifier="SCORE"><baseValue baseType="float">` + value + `</baseValue></setOutcomeValue>`
}

// A trial that says right for everything would be worth nothing: here are items that mark against their own keys.
func TestVerdicts(t *testing.T) {
	tests := []struct {
		name, declaration, score, rules string
		verdict                         trial.Verdict
		reason                          string
	}{
		{"key", key, "", match, trial.Right, ""},
		{"key with a maximum", key, `normalMaximum="1"`, match, trial.Right, ""},
		{"points", points, `normalMaximum="3"`, maps, trial.Right, ""},
		{"maximum out of reach", key, `normalMaximum="5"`, match, trial.Wrong, "the key gives 1, the stated maximum is 5"},
		{"full marks for anything", key, "", `<responseProcessing>` + set("1") + `</responseProcessing>`, trial.Wrong, "a wrong answer gives 1"},
		{"marked the wrong way round", key, "", `<responseProcessing><responseCondition><responseIf><match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match>` + set("0") + `</responseIf><responseElse>` + set("1") + `</responseElse></responseCondition></responseProcessing>`, trial.Wrong, "a wrong answer gives 1, the key 0"},
		{"full marks for silence", key, "", `<responseProcessing><responseCondition><responseIf><or><isNull><variable identifier="RESPONSE"/></isNull><match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match></or>` + set("1") + `</responseIf></responseCondition></responseProcessing>`, trial.Wrong, "no answer gives 1"},
		{"points that contradict the key", key + `<mapping defaultValue="0"><mapEntry mapKey="A" mappedValue="1"/><mapEntry mapKey="B" mappedValue="-2"/></mapping>`, "", maps, trial.Wrong, "a wrong answer gives 0, the key -1"},
		{"no rules", key, "", "", trial.ByHand, "no rules"},
		{"rules without a score", key, "", `<responseProcessing><exitResponse/></responseProcessing>`, trial.ByHand, "no rules"},
		{"no key", "", "", `<responseProcessing>` + set("1") + `</responseProcessing>`, trial.NoKey, "no response"},
		{"rules not supported", key, "", `<responseProcessing><setOutcomeValue identifier="SCORE"><customOperator/></setOutcomeValue></responseProcessing>`, trial.NotMarked, "not supported"},
		{"no number", key, "", `<responseProcessing><setOutcomeValue identifier="SCORE"><null/></setOutcomeValue></responseProcessing>`, trial.Failed, "SCORE is no number"},
	}
	for _, tt := range tests {
		o := outcome(t, tt.declaration, tt.score, tt.rules)
		if o.Verdict != tt.verdict || !strings.Contains(o.Reason, tt.reason) {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, o.Verdict, o.Reason, tt.verdict, tt.reason)
		}
	}
}
