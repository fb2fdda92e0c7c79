package processing_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

func tree(t testing.TB, text string) *xmltree.Node {
	t.Helper()
	doc, err := xmltree.Parse([]byte(text), xmltree.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc.Root
}

// reports collects findings as text.
type reports []string

func (r *reports) report(s finding.Severity, n *xmltree.Node, format string, args ...any) {
	*r = append(*r, fmt.Sprintf("%s %d <%s> %s", s, n.Line, n.Raw, fmt.Sprintf(format, args...)))
}

const declarations = `<item>
  <responseDeclaration identifier="ONE" cardinality="single" baseType="identifier"><correctResponse><value>B</value></correctResponse></responseDeclaration>
  <responseDeclaration identifier="MANY" cardinality="multiple" baseType="identifier"><correctResponse><value>A</value><value>C</value></correctResponse>
    <mapping defaultValue="-1" lowerBound="0" upperBound="3"><mapEntry mapKey="A" mappedValue="2"/><mapEntry mapKey="C" mappedValue="2"/></mapping></responseDeclaration>
  <responseDeclaration identifier="ROW" cardinality="ordered" baseType="identifier"/>
  <responseDeclaration identifier="WORD" cardinality="single" baseType="string">
    <mapping defaultValue="0"><mapEntry mapKey="York" mappedValue="1"/><mapEntry mapKey="new york" mappedValue="0.5" caseSensitive="false"/></mapping></responseDeclaration>
  <responseDeclaration identifier="POINTS" cardinality="multiple" baseType="point">
    <areaMapping defaultValue="-1"><areaMapEntry shape="circle" coords="10,10,5" mappedValue="2"/><areaMapEntry shape="rect" coords="8,8,20,20" mappedValue="1"/></areaMapping></responseDeclaration>
  <responseDeclaration identifier="PAIRS" cardinality="multiple" baseType="pair"/>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
  <outcomeDeclaration identifier="GRADE" cardinality="single" baseType="string">
    <interpolationTable defaultValue="F"><interpolationTableEntry sourceValue="75" targetValue="A"/><interpolationTableEntry sourceValue="50" includeBoundary="false" targetValue="B"/></interpolationTable></outcomeDeclaration>
  <outcomeDeclaration identifier="LEVEL" cardinality="single" baseType="integer"><matchTable defaultValue="0"><matchTableEntry sourceValue="2" targetValue="20"/></matchTable></outcomeDeclaration>
  <outcomeDeclaration identifier="N" cardinality="single" baseType="integer"><defaultValue><value>2</value></defaultValue></outcomeDeclaration>
  <outcomeDeclaration identifier="NOTHING" cardinality="single" baseType="string"/>
</item>`

func state(t testing.TB) *processing.State {
	t.Helper()
	var all []*processing.Declaration
	var r reports
	for n := range tree(t, declarations).Elements() {
		kind := processing.Response
		if strings.HasPrefix(n.Name, "outcome") {
			kind = processing.Outcome
		}
		all = append(all, processing.ParseDeclaration(n, kind, r.report))
	}
	if len(r) > 0 {
		t.Fatalf("the declarations have findings: %v", r)
	}
	s := processing.NewState(all)
	answer := func(id string, texts ...string) {
		t.Helper()
		d := s.Declared[id]
		v, err := processing.ParseValue(d.Card, d.Base, texts...)
		if err != nil {
			t.Fatal(err)
		}
		s.Values[id] = v
	}
	answer("ONE", "B")
	answer("MANY", "C", "A", "C")
	answer("ROW", "A", "B", "C")
	answer("WORD", "New York")
	answer("POINTS", "9 9", "11 11", "100 100")
	answer("PAIRS", "A B", "D C")
	return s
}

func b(base, text string) string {
	return `<baseValue baseType="` + base + `">` + text + `</baseValue>`
}

func in(x string) string  { return b("integer", x) }
func flt(x string) string { return b("float", x) }
func str(x string) string { return b("string", x) }
func id(x string) string  { return b("identifier", x) }

// The expressions of the standard, most by its own words about them: QTI Assessment, Section and Item Information Model, "Expressions".
func TestExpressions(t *testing.T) {
	const null = "<null/>"
	tests := []struct{ name, xml, want string }{
		{"variable", `<variable identifier="ONE"/>`, "B"},
		{"correct", `<correct identifier="MANY"/>`, "A,C"},
		{"default of an outcome", `<default identifier="N"/>`, "2"},
		{"numeric outcomes begin at 0", `<variable identifier="SCORE"/>`, "0"},
		{"other outcomes begin at NULL", `<variable identifier="NOTHING"/>`, "NULL"},
		{"null", null, "NULL"},
		{"empty text is NULL", `<isNull>` + str("") + `</isNull>`, "true"},
		{"map: each value once, bounded", `<mapResponse identifier="MANY"/>`, "3"},
		{"map: case", `<mapResponse identifier="WORD"/>`, "0.5"},
		{"map: areas once, default for the rest", `<mapResponsePoint identifier="POINTS"/>`, "1"},
		{"constant", `<mathConstant name="pi"/>`, fmt.Sprint(math.Pi)},

		{"multiple leaves NULL out", `<multiple>` + in("1") + null + in("2") + `</multiple>`, "1,2"},
		{"multiple of nothing", `<multiple/>`, "NULL"},
		{"multiple flattens", `<multiple><variable identifier="ROW"/>` + id("D") + `</multiple>`, "A,B,C,D"},
		{"ordered mixes numbers", `<ordered>` + in("1") + flt("2.5") + `</ordered>`, "1,2.5"},
		{"ordered does not mix types", `<ordered>` + in("1") + str("x") + `</ordered>`, "NULL"},
		{"size", `<containerSize><variable identifier="ROW"/></containerSize>`, "3"},
		{"size of NULL", `<containerSize>` + null + `</containerSize>`, "0"},
		{"index", `<index n="2"><variable identifier="ROW"/></index>`, "B"},
		{"index by variable", `<index n="N"><variable identifier="ROW"/></index>`, "B"},
		{"index beyond", `<index n="4"><variable identifier="ROW"/></index>`, "NULL"},
		{"member", `<member>` + id("C") + `<variable identifier="ROW"/></member>`, "true"},
		{"no member", `<member>` + id("X") + `<variable identifier="ROW"/></member>`, "false"},
		{"delete", `<delete>` + id("C") + `<variable identifier="MANY"/></delete>`, "A"},
		{"contains multiple", `<contains><variable identifier="MANY"/><multiple>` + id("C") + id("C") + `</multiple></contains>`, "true"},
		{"contains no third", `<contains><variable identifier="MANY"/><multiple>` + id("A") + id("A") + `</multiple></contains>`, "false"},
		{"contains ordered", `<contains><variable identifier="ROW"/><ordered>` + id("B") + id("C") + `</ordered></contains>`, "true"},
		{"contains ordered, not in order", `<contains><variable identifier="ROW"/><ordered>` + id("A") + id("C") + `</ordered></contains>`, "false"},
		{"repeat", `<repeat numberRepeats="N">` + in("1") + in("2") + `</repeat>`, "1,2,1,2"},
		{"random of one", `<random><multiple>` + in("7") + `</multiple></random>`, "7"},
		{"random integer", `<randomInteger min="5" max="5"/>`, "5"},
		{"random integer without range", `<randomInteger min="5" max="4"/>`, "NULL"},

		{"not", `<not>` + b("boolean", "true") + `</not>`, "false"},
		{"not NULL", `<not>` + null + `</not>`, "NULL"},
		{"and with false", `<and>` + null + b("boolean", "false") + `</and>`, "false"},
		{"and with NULL", `<and>` + null + b("boolean", "true") + `</and>`, "NULL"},
		{"or with true", `<or>` + null + b("boolean", "true") + `</or>`, "true"},
		{"or with NULL", `<or>` + null + b("boolean", "false") + `</or>`, "NULL"},
		{"any of three", `<anyN min="1" max="2">` + b("boolean", "true") + b("boolean", "false") + b("boolean", "true") + `</anyN>`, "true"},
		{"any, too many", `<anyN min="1" max="1">` + b("boolean", "true") + b("boolean", "true") + `</anyN>`, "false"},
		{"any, open", `<anyN min="1" max="1">` + b("boolean", "true") + null + `</anyN>`, "NULL"},

		{"match", `<match><variable identifier="ONE"/><correct identifier="ONE"/></match>`, "true"},
		{"match counts doubles", `<match><variable identifier="MANY"/><correct identifier="MANY"/></match>`, "false"},
		{"match without order", `<match><multiple>` + in("1") + in("2") + `</multiple><multiple>` + in("2") + in("1") + `</multiple></match>`, "true"},
		{"match with order", `<match><ordered>` + in("1") + in("2") + `</ordered><ordered>` + in("2") + in("1") + `</ordered></match>`, "false"},
		{"match pairs", `<match><variable identifier="PAIRS"/><multiple>` + b("pair", "C D") + b("pair", "B A") + `</multiple></match>`, "true"},
		{"match directed pairs", `<match>` + b("directedPair", "A B") + b("directedPair", "B A") + `</match>`, "false"},
		{"match with NULL", `<match><variable identifier="NOTHING"/><correct identifier="ONE"/></match>`, "NULL"},
		{"match one with a container of one", `<match><multiple>` + id("B") + `</multiple><variable identifier="ONE"/></match>`, "true"},
		{"string match", `<stringMatch caseSensitive="false">` + str("ÉTÉ") + str("été") + `</stringMatch>`, "true"},
		{"string match with case", `<stringMatch caseSensitive="true">` + str("Été") + str("été") + `</stringMatch>`, "false"},
		{"string match inside", `<stringMatch caseSensitive="false" substring="true">` + str("New York") + str("york") + `</stringMatch>`, "true"},
		{"one and two signs for é", `<match>` + str("caf\u00e9") + str("cafe\u0301") + `</match>`, "true"},
		{"substring", `<substring caseSensitive="true">` + str("ork") + str("New York") + `</substring>`, "true"},
		{"pattern is the whole text", `<patternMatch pattern="[A-Z]{2}">` + str("ABC") + `</patternMatch>`, "false"},
		{"pattern", `<patternMatch pattern="\d+\s\i\c*">` + str("12 xz") + `</patternMatch>`, "true"},
		{"pattern with a class", `<patternMatch pattern="[\d,.]+">` + str("1,5") + `</patternMatch>`, "true"},

		{"equal", `<equal>` + in("3") + flt("3.0") + `</equal>`, "true"},
		{"equal absolute", `<equal toleranceMode="absolute" tolerance="0.5 1">` + in("10") + flt("10.9") + `</equal>`, "true"},
		{"equal absolute, below", `<equal toleranceMode="absolute" tolerance="0.5 1">` + in("10") + flt("9.4") + `</equal>`, "false"},
		{"equal at the bound", `<equal toleranceMode="absolute" tolerance="1" includeUpperBound="false">` + in("10") + in("11") + `</equal>`, "false"},
		{"equal at a bound that binary fractions miss", `<equal toleranceMode="absolute" tolerance="0.005">` + flt("3.14") + flt("3.135") + `</equal>`, "true"},
		{"equal at such a bound, left out", `<equal toleranceMode="absolute" tolerance="0.005" includeLowerBound="false">` + flt("3.14") + flt("3.135") + `</equal>`, "false"},
		{"equal relative", `<equal toleranceMode="relative" tolerance="10">` + in("20") + in("22") + `</equal>`, "true"},
		{"equal relative, negative", `<equal toleranceMode="relative" tolerance="10">` + in("-20") + in("-22") + `</equal>`, "true"},
		{"equal NULL", `<equal>` + null + in("1") + `</equal>`, "NULL"},
		{"equal rounded", `<equalRounded roundingMode="significantFigures" figures="3">` + flt("3.175") + flt("3.183") + `</equalRounded>`, "true"},
		{"equal rounded, not", `<equalRounded roundingMode="significantFigures" figures="3">` + flt("3.174") + flt("3.183") + `</equalRounded>`, "false"},
		{"equal rounded places", `<equalRounded roundingMode="decimalPlaces" figures="2">` + flt("1.68572") + flt("1.69") + `</equalRounded>`, "true"},
		{"inside", `<inside shape="poly" coords="0,0,10,0,10,10,0,10">` + b("point", "5 5") + `</inside>`, "true"},
		{"inside, any of several", `<inside shape="ellipse" coords="100,100,5,2"><variable identifier="POINTS"/></inside>`, "true"},
		{"outside", `<inside shape="circle" coords="0,0,3">` + b("point", "5 5") + `</inside>`, "false"},
		{"less", `<lt>` + in("1") + flt("1.5") + `</lt>`, "true"},
		{"durations", `<durationLT>` + b("duration", "PT1M") + b("duration", "61") + `</durationLT>`, "true"},

		{"sum of integers", `<sum>` + in("1") + in("2") + `</sum>`, "3"},
		{"sum with NULL", `<sum>` + in("1") + null + `</sum>`, "NULL"},
		{"sum of a container", `<sum><multiple>` + in("1") + in("2") + `</multiple>` + flt("0.5") + `</sum>`, "3.5"},
		{"sum beyond integers", `<sum>` + in("9223372036854775807") + in("1") + `</sum>`, "9.223372036854776e+18"},
		{"product", `<product>` + in("3") + in("-4") + `</product>`, "-12"},
		{"subtract", `<subtract>` + in("3") + in("5") + `</subtract>`, "-2"},
		{"divide", `<divide>` + in("7") + in("2") + `</divide>`, "3.5"},
		{"divide by 0", `<divide>` + in("7") + in("0") + `</divide>`, "NULL"},
		{"power", `<power>` + in("2") + in("10") + `</power>`, "1024"},
		{"integer divide", `<integerDivide>` + in("-7") + in("2") + `</integerDivide>`, "-4"},
		{"integer modulus", `<integerModulus>` + in("-7") + in("2") + `</integerModulus>`, "1"},
		{"integer divide by 0", `<integerDivide>` + in("1") + in("0") + `</integerDivide>`, "NULL"},
		{"truncate", `<truncate>` + flt("-6.5") + `</truncate>`, "-6"},
		{"round half up", `<round>` + flt("-6.5") + `</round>`, "-6"},
		{"round", `<round>` + flt("6.5") + `</round>`, "7"},
		{"round to figures", `<roundTo roundingMode="significantFigures" figures="3">` + flt("1239451") + `</roundTo>`, "1.24e+06"},
		{"round to places", `<roundTo roundingMode="decimalPlaces" figures="1">` + flt("2.25") + `</roundTo>`, "2.3"},
		{"integer to float", `<integerToFloat>` + in("3") + `</integerToFloat>`, "3"},
		{"min", `<min>` + in("3") + in("-1") + `</min>`, "-1"},
		{"max", `<max>` + in("3") + flt("3.5") + `</max>`, "3.5"},
		{"gcd", `<gcd>` + in("12") + in("-18") + `</gcd>`, "6"},
		{"gcd with 0", `<gcd>` + in("0") + in("7") + `</gcd>`, "7"},
		{"lcm", `<lcm>` + in("4") + in("6") + `</lcm>`, "12"},
		{"lcm with 0", `<lcm>` + in("4") + in("0") + `</lcm>`, "0"},
		{"mean", `<statsOperator name="mean"><multiple>` + in("1") + in("2") + `</multiple></statsOperator>`, "1.5"},
		{"sample variance", `<statsOperator name="sampleVariance"><multiple>` + in("1") + in("3") + `</multiple></statsOperator>`, "2"},
		{"variance", `<statsOperator name="popVariance"><multiple>` + in("1") + in("3") + `</multiple></statsOperator>`, "1"},
		{"deviation of one", `<statsOperator name="sampleSD"><multiple>` + in("1") + `</multiple></statsOperator>`, "NULL"},
		{"atan2", `<mathOperator name="atan2">` + in("0") + in("1") + `</mathOperator>`, "0"},
		{"log", `<mathOperator name="log">` + in("1000") + `</mathOperator>`, "3"},
		{"ln of a negative", `<mathOperator name="ln">` + in("-1") + `</mathOperator>`, "NULL"},
		{"floor", `<mathOperator name="floor">` + flt("-1.5") + `</mathOperator>`, "-2"},
		{"signum", `<mathOperator name="signum">` + flt("-1.5") + `</mathOperator>`, "-1"},
	}
	s := state(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r reports
			e, ok := processing.CompileExpression(tree(t, "<x>"+tt.xml+"</x>"), processing.ItemResponses, r.report)
			if !ok || len(r) > 0 {
				t.Fatalf("does not compile: %v", r)
			}
			v, err := e.Eval(s)
			if err != nil || v.String() != tt.want {
				t.Errorf("got %s, %v; want %s", v, err, tt.want)
			}
			// The same in the spelling of QTI 3.
			three := qti3.Replace(tt.xml)
			e, ok = processing.CompileExpression(tree(t, "<x>"+three+"</x>"), processing.ItemResponses, r.report)
			if !ok {
				t.Fatalf("%s does not compile: %v", three, r)
			}
			if w, _ := e.Eval(s); w.String() != tt.want {
				t.Errorf("as QTI 3 it gives %s", w)
			}
		})
	}
}

var qti3 = strings.NewReplacer("baseValue", "qti-base-value", "baseType", "base-type", "mapResponsePoint", "qti-map-response-point", "mapResponse", "qti-map-response", "numberRepeats", "number-repeats", "isNull", "qti-is-null", "<correct ", "<qti-correct ")

func TestUncompilable(t *testing.T) {
	tests := []struct{ name, xml, want string }{
		{"custom", `<customOperator class="org.example.Op"><null/></customOperator>`, "unsupported 1 <customOperator> custom operators (org.example.Op)"},
		{"no expression", `<nonesuch/>`, "unsupported 1 <nonesuch> nonesuch is no expression"},
		{"too few", `<match><null/></match>`, "invalid 1 <match> match has 1 expressions inside, not 2"},
		{"too many", `<not><null/><null/></not>`, "invalid 1 <not> not has 2 expressions inside, not 1"},
		{"deep inside", "<and>\n<not>\n<mean/></not></and>", "unsupported 3 <mean>"},
		{"literal", b("integer", "x"), `invalid 1 <baseValue> "x" is no integer`},
		{"pattern", `<patternMatch pattern="(a"><null/></patternMatch>`, "unsupported 1 <patternMatch>"},
		{"pattern of a thousand copies", `<patternMatch pattern="(a{1000}){1000}"><null/></patternMatch>`, "unsupported 1 <patternMatch>"},
		{"shape", `<inside shape="star" coords="1"><null/></inside>`, "invalid 1 <inside>"},
		{"function", `<mathOperator name="gamma"><null/></mathOperator>`, "unsupported 1 <mathOperator>"},
		{"of another place", `<testVariables variableIdentifier="SCORE"/>`, "does not belong into response processing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r reports
			if _, ok := processing.CompileExpression(tree(t, "<x>"+tt.xml+"</x>"), processing.ItemResponses, r.report); ok {
				t.Error("it compiled")
			}
			if !strings.Contains(strings.Join(r, "\n"), tt.want) {
				t.Errorf("reported %v, want %q", r, tt.want)
			}
		})
	}
}

func run(t *testing.T, s *processing.State, rules string) (processing.Result, error) {
	t.Helper()
	var r reports
	p := processing.Compile(tree(t, "<responseProcessing>"+rules+"</responseProcessing>"), processing.ItemResponses, r.report)
	if !p.Supported() {
		t.Fatalf("not supported: %v", r)
	}
	return p.Run(s)
}

func set(variable, value string) string {
	return `<setOutcomeValue identifier="` + variable + `">` + value + `</setOutcomeValue>`
}

func TestRules(t *testing.T) {
	test := func(x string) string { return `<equal><variable identifier="N"/>` + in(x) + `</equal>` }
	chain := `<responseCondition><responseIf>` + test("1") + set("SCORE", flt("1")) + `</responseIf><responseElseIf>` + test("2") + set("SCORE", flt("2")) +
		`</responseElseIf><responseElse>` + set("SCORE", flt("9")) + `</responseElse></responseCondition>`
	tests := []struct {
		name, rules, variable, want, problem string
	}{
		{"else if", chain, "SCORE", "2", ""},
		{"else", set("N", in("7")) + chain, "SCORE", "9", ""},
		{"a condition that is NULL is not true", `<responseCondition><responseIf><match><variable identifier="NOTHING"/>` + str("x") + `</match>` + set("SCORE", flt("1")) + `</responseIf></responseCondition>`, "SCORE", "0", ""},
		{"exit", set("SCORE", flt("1")) + `<exitResponse/>` + set("SCORE", flt("2")), "SCORE", "1", ""},
		{"exit inside", `<responseCondition><responseIf>` + b("boolean", "true") + `<exitResponse/></responseIf></responseCondition>` + set("SCORE", flt("2")), "SCORE", "0", ""},
		{"fragment", `<responseProcessingFragment>` + set("SCORE", flt("3")) + `</responseProcessingFragment>`, "SCORE", "3", ""},
		{"integer into float", set("SCORE", in("3")), "SCORE", "3", ""},
		{"whole float into integer", set("N", flt("3")), "N", "3", ""},
		{"fraction into integer", set("N", flt("3.5")), "N", "NULL", "cannot take 3.5"},
		{"text into number", set("SCORE", str("x")), "SCORE", "NULL", "cannot take x"},
		{"several into one", set("SCORE", `<multiple>`+in("1")+in("2")+`</multiple>`), "SCORE", "NULL", "cannot take"},
		{"undeclared", set("NONE", in("1")), "NONE", "NULL", "no declared outcome"},
		{"threshold table", `<lookupOutcomeValue identifier="GRADE">` + flt("75") + `</lookupOutcomeValue>`, "GRADE", "A", ""},
		{"threshold table, boundary out", `<lookupOutcomeValue identifier="GRADE">` + flt("50") + `</lookupOutcomeValue>`, "GRADE", "F", ""},
		{"threshold table, between", `<lookupOutcomeValue identifier="GRADE">` + flt("50.1") + `</lookupOutcomeValue>`, "GRADE", "B", ""},
		{"match table", `<lookupOutcomeValue identifier="LEVEL">` + in("2") + `</lookupOutcomeValue>`, "LEVEL", "20", ""},
		{"match table, default", `<lookupOutcomeValue identifier="LEVEL">` + in("3") + `</lookupOutcomeValue>`, "LEVEL", "0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := state(t)
			result, err := run(t, s, tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Values[tt.variable].String(); got != tt.want {
				t.Errorf("%s is %s, want %s", tt.variable, got, tt.want)
			}
			problems := fmt.Sprint(result.Problems)
			if tt.problem == "" && len(result.Problems) > 0 || !strings.Contains(problems, tt.problem) {
				t.Errorf("problems %s, want %q", problems, tt.problem)
			}
		})
	}
}

// A run is bounded, whatever the rules are.
func TestRunsAreBounded(t *testing.T) {
	grow := `<repeat numberRepeats="100">` + in("1") + `</repeat>`
	for range 5 {
		grow = `<repeat numberRepeats="100">` + grow + `</repeat>`
	}
	s := state(t)
	if _, err := run(t, s, set("N", `<containerSize>`+grow+`</containerSize>`)); !errors.Is(err, processing.ErrTooLong) {
		t.Errorf("ten thousand million values: %v", err)
	}
	if _, err := run(t, s, set("N", `<containerSize><repeat numberRepeats="1e300">`+in("1")+`</repeat></containerSize>`)); !errors.Is(err, processing.ErrTooLong) {
		t.Errorf("a repeat without end: %v", err)
	}
	var r reports
	large := processing.ParseDeclaration(tree(t, `<d identifier="L" cardinality="multiple" baseType="integer"><mapping>`+strings.Repeat(`<mapEntry mapKey="1" mappedValue="1"/>`, 12_000)+`</mapping></d>`), processing.Response, r.report)
	if len(large.Mapping.Entries) != 10_000 || len(r) != 1 {
		t.Errorf("%d entries of a mapping of 12000 were read; %v", len(large.Mapping.Entries), r)
	}
	s.Declared["L"], s.Values["L"] = large, processing.Of(processing.Multiple, make([]processing.Scalar, 9000)...)
	if _, err := run(t, s, set("SCORE", `<mapResponse identifier="L"/>`)); !errors.Is(err, processing.ErrTooLong) {
		t.Errorf("nine thousand values by ten thousand entries: %v", err)
	}
	s.Steps = 10
	if _, err := run(t, s, strings.Repeat(set("N", in("1")), 20)); !errors.Is(err, processing.ErrTooLong) {
		t.Errorf("forty steps under a limit of ten: %v", err)
	}
}

func TestTemplateConstraint(t *testing.T) {
	var r reports
	var all []*processing.Declaration
	for _, name := range []string{"A", "B"} {
		all = append(all, processing.ParseDeclaration(tree(t, `<templateDeclaration identifier="`+name+`" cardinality="single" baseType="integer"/>`), processing.Template, r.report))
	}
	p := processing.Compile(tree(t, `<templateProcessing>
		<setTemplateValue identifier="A"><randomInteger min="1" max="3"/></setTemplateValue>
		<setTemplateValue identifier="B"><randomInteger min="1" max="3"/></setTemplateValue>
		<templateConstraint><lt><variable identifier="A"/><variable identifier="B"/></lt></templateConstraint></templateProcessing>`), processing.ItemTemplate, r.report)
	if !p.Supported() {
		t.Fatal(r)
	}
	seen := make(map[string]bool)
	for seed := range uint64(50) {
		s := processing.NewState(all)
		s.Seed = seed
		if _, err := p.RunTemplate(s); err != nil {
			t.Fatal(err)
		}
		a, _ := s.Values["A"].Number()
		c, _ := s.Values["B"].Number()
		if a >= c {
			t.Fatalf("seed %d: %g, %g break the constraint", seed, a, c)
		}
		seen[fmt.Sprint(a, c)] = true
	}
	if len(seen) != 3 {
		t.Errorf("50 seeds gave %v, want all three pairs", seen)
	}
	never := processing.Compile(tree(t, `<templateProcessing><setTemplateValue identifier="A">`+in("5")+`</setTemplateValue><templateConstraint>`+b("boolean", "false")+`</templateConstraint></templateProcessing>`), processing.ItemTemplate, r.report)
	s := processing.NewState(all)
	result, err := never.RunTemplate(s)
	if err != nil || len(result.Problems) != 1 || !s.Values["A"].IsNull() {
		t.Errorf("a constraint that never holds: %v, %v, A = %s", result, err, s.Values["A"])
	}
}

// A seed means the same on every computer and in every release of Go: an attempt is reviewed months later.
func TestSeedsAreStable(t *testing.T) {
	s := state(t)
	var r reports
	e, _ := processing.CompileExpression(tree(t, `<x><ordered><randomInteger min="1" max="100"/><randomInteger min="0" max="90" step="10"/><randomFloat min="0" max="1"/></ordered></x>`), processing.ItemResponses, r.report)
	s.Seed = 2026
	v, err := e.Eval(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = "61,30,0.5964864048941166"
	if v.String() != want {
		t.Errorf("seed 2026 gives %s, and gave %s before", v, want)
	}
}

func testItems(t *testing.T) *processing.TestState {
	t.Helper()
	var r reports
	item := func(id, section, category string, weight, score, most float64, presented, responded, correct bool) processing.TestItem {
		d := processing.ParseDeclaration(tree(t, fmt.Sprintf(`<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" normalMaximum="%g" normalMinimum="-1"/>`, most)), processing.Outcome, r.report)
		return processing.TestItem{
			ID: id, Sections: []string{"all", section}, Categories: strings.Fields(category), Weights: map[string]float64{"W": weight},
			Declared: map[string]*processing.Declaration{"SCORE": d}, Values: map[string]processing.Value{"SCORE": processing.Num(score), "WORD": processing.Texts(processing.Single, processing.String, "x")},
			Presented: presented, Responded: responded, Correct: correct, Incorrect: responded && !correct,
		}
	}
	return &processing.TestState{Items: []processing.TestItem{
		item("Q1", "S1", "math easy", 2, 1, 1, true, true, true),
		item("Q2", "S1", "math", 1, 0, 2, true, true, false),
		item("Q3", "S2", "text", 3, 4, 5, true, false, false),
		item("Q4", "S2", "text trial", 1, 1, 1, false, false, false),
	}}
}

func TestOutcomeProcessing(t *testing.T) {
	tests := []struct{ name, xml, want string }{
		{"all", `<sum><testVariables variableIdentifier="SCORE"/></sum>`, "6"},
		{"section", `<sum><testVariables variableIdentifier="SCORE" sectionIdentifier="S1"/></sum>`, "1"},
		{"section around sections", `<sum><testVariables variableIdentifier="SCORE" sectionIdentifier="all"/></sum>`, "6"},
		{"category", `<sum><testVariables variableIdentifier="SCORE" includeCategory="text"/></sum>`, "5"},
		{"without a category", `<sum><testVariables variableIdentifier="SCORE" includeCategory="text math" excludeCategory="trial easy"/></sum>`, "4"},
		{"weighted", `<sum><testVariables variableIdentifier="SCORE" weightIdentifier="W"/></sum>`, "15"},
		{"of a type", `<sum><testVariables variableIdentifier="SCORE" baseType="integer"/></sum>`, "0"},
		{"of no items", `<sum><testVariables variableIdentifier="SCORE" includeCategory="none"/></sum>`, "0"},
		{"one item", `<variable identifier="Q3.SCORE"/>`, "4"},
		{"one item weighted", `<variable identifier="Q3.SCORE" weightIdentifier="W"/>`, "12"},
		{"no such item", `<variable identifier="Q9.SCORE"/>`, "NULL"},
		{"selected", `<numberSelected/>`, "4"},
		{"presented", `<numberPresented/>`, "3"},
		{"responded", `<numberResponded sectionIdentifier="S1"/>`, "2"},
		{"correct", `<numberCorrect/>`, "1"},
		{"incorrect", `<numberIncorrect/>`, "1"},
		{"maximum", `<sum><outcomeMaximum outcomeIdentifier="SCORE"/></sum>`, "9"},
		{"maximum weighted", `<sum><outcomeMaximum outcomeIdentifier="SCORE" weightIdentifier="W" sectionIdentifier="S1"/></sum>`, "4"},
		{"maximum unknown", `<outcomeMaximum outcomeIdentifier="NONE"/>`, "NULL"},
		{"minimum", `<sum><outcomeMinimum outcomeIdentifier="SCORE"/></sum>`, "-4"},
	}
	s := processing.NewState()
	s.Test = testItems(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r reports
			e, ok := processing.CompileExpression(tree(t, "<x>"+tt.xml+"</x>"), processing.TestOutcomes, r.report)
			if !ok {
				t.Fatal(r)
			}
			v, err := e.Eval(s)
			if err != nil || v.String() != tt.want {
				t.Errorf("got %s, %v; want %s", v, err, tt.want)
			}
		})
	}
}

// R5: a block has a minimum of its own; below it the whole is failed whatever the sum is.
func TestMinimums(t *testing.T) {
	var r reports
	block := func(section, minimum string) string {
		return `<gte><sum><testVariables variableIdentifier="SCORE" sectionIdentifier="` + section + `"/></sum>` + in(minimum) + `</gte>`
	}
	rules := `<outcomeProcessing>` + set("SCORE", `<sum><testVariables variableIdentifier="SCORE"/></sum>`) +
		`<outcomeCondition><outcomeIf><and>` + block("S1", "%s") + block("S2", "3") + `</and>` + set("PASS", b("boolean", "true")) + `</outcomeIf><outcomeElse>` + set("PASS", b("boolean", "false")) + `</outcomeElse></outcomeCondition></outcomeProcessing>`
	declared := []*processing.Declaration{
		processing.ParseDeclaration(tree(t, `<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>`), processing.Outcome, r.report),
		processing.ParseDeclaration(tree(t, `<outcomeDeclaration identifier="PASS" cardinality="single" baseType="boolean"/>`), processing.Outcome, r.report),
	}
	for minimum, want := range map[string]string{"1": "true", "2": "false"} {
		p := processing.Compile(tree(t, fmt.Sprintf(rules, minimum)), processing.TestOutcomes, r.report)
		if !p.Supported() {
			t.Fatal(r)
		}
		s := processing.NewState(declared)
		s.Test = testItems(t)
		if _, err := p.Run(s); err != nil {
			t.Fatal(err)
		}
		if s.Values["PASS"].String() != want || s.Values["SCORE"].String() != "6" {
			t.Errorf("with the minimum %s: PASS %s, SCORE %s; want %s, 6", minimum, s.Values["PASS"], s.Values["SCORE"], want)
		}
	}
}

func TestParseScalar(t *testing.T) {
	tests := []struct {
		base processing.Base
		text string
		want string // empty: an error
	}{
		{processing.Integer, " 42 ", "42"},
		{processing.Integer, "−7", "-7"},
		{processing.Integer, "+7", "7"},
		{processing.Integer, "4.2", ""},
		{processing.Integer, "0x10", ""},
		{processing.Float, "3,14", "3.14"},
		{processing.Float, "1 000", ""},
		{processing.Float, "1\u00a0000,5", "1000.5"},
		{processing.Float, "1,000.5", ""},
		{processing.Float, "1e3", "1000"},
		{processing.Float, "NaN", ""},
		{processing.Float, "Inf", ""},
		{processing.Float, "0x1p4", ""},
		{processing.Boolean, "TRUE", "true"},
		{processing.Boolean, "yes", ""},
		{processing.Pair, "A   B", "A B"},
		{processing.Pair, "A", ""},
		{processing.Point, "10 20", "10 20"},
		{processing.Point, "10,20", "10 20"},
		{processing.Point, "10", ""},
		{processing.Duration, "PT1H30M", "5400"},
		{processing.Duration, "12.5", "12.5"},
		{processing.Duration, "P", ""},
		{processing.Duration, "PT", ""},
		{processing.String, "  Алматы ", "Алматы"},
		{processing.IntOrIdentifier, "7", "7"},
		{processing.NoBase, "x", ""},
	}
	for _, tt := range tests {
		s, err := processing.ParseScalar(tt.base, tt.text)
		if got := s.String(); (err != nil) != (tt.want == "") || err == nil && got != tt.want {
			t.Errorf("%s %q: got %q, %v; want %q", tt.base, tt.text, got, err, tt.want)
		}
	}
}

func TestAreas(t *testing.T) {
	tests := []struct {
		shape, coords string
		x, y          float64
		in            bool
	}{
		{"rect", "20,20,0,0", 10, 10, true}, // corners the other way round
		{"rect", "0,0,20,20", 20, 20, true}, // the border is in
		{"rect", "0,0,20,20", 21, 20, false},
		{"circle", "0,0,5", 3, 4, true},
		{"ellipse", "0,0,10,5", 0, 5.1, false},
		{"ellipse", "0,0,0,0", 0, 0, false},
		{"poly", "0,0,10,0,5,10", 5, 5, true},
		{"poly", "0,0,10,0,5,10", 5, 0, true},
		{"poly", "0,0,10,0,5,10", 1, 9, false},
		{"default", "", 1e9, -1e9, true},
	}
	for _, tt := range tests {
		a, err := processing.ParseArea(tt.shape, tt.coords)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Contains(tt.x, tt.y); got != tt.in {
			t.Errorf("%s %s: %g,%g in is %v", tt.shape, tt.coords, tt.x, tt.y, got)
		}
		if x, y := a.Centre(); tt.coords != "0,0,0,0" && !a.Contains(x, y) {
			t.Errorf("%s %s: the centre %g,%g lies outside", tt.shape, tt.coords, x, y)
		}
	}
	for _, bad := range [][2]string{{"rect", "1,2,3"}, {"circle", "1"}, {"poly", "1,2,3,4"}, {"star", "1,2"}, {"rect", "a,b,c,d"}, {"", ""}} {
		if _, err := processing.ParseArea(bad[0], bad[1]); err == nil {
			t.Errorf("%v was read", bad)
		}
	}
}

// The built-in templates against the texts that 1EdTech publishes, as another project ships them.
func TestStandardTemplates(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "qti", "pie-qti", "item-player", "tests", "fixtures", "official-response-processing-templates")
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Skip("the shared QTI data are not on this computer (../shared/data/qti)")
	}
	declared := func() *processing.State {
		var r reports
		var all []*processing.Declaration
		add := func(kind processing.Kind, xml string) {
			all = append(all, processing.ParseDeclaration(tree(t, xml), kind, r.report))
		}
		return func() *processing.State {
			add(processing.Outcome, `<d identifier="SCORE" cardinality="single" baseType="float"/>`)
			add(processing.Outcome, `<d identifier="MAXSCORE" cardinality="single" baseType="float"><defaultValue><value>3</value></defaultValue></d>`)
			add(processing.Outcome, `<d identifier="FEEDBACK" cardinality="single" baseType="identifier"/>`)
			add(processing.Outcome, `<d identifier="FEEDBACKBASIC" cardinality="single" baseType="identifier"/>`)
			return processing.NewState(all)
		}()
	}
	responses := map[string]string{
		"choice": `<d identifier="RESPONSE" cardinality="multiple" baseType="identifier"><correctResponse><value>A</value><value>B</value></correctResponse><mapping defaultValue="-1"><mapEntry mapKey="A" mappedValue="1"/><mapEntry mapKey="B" mappedValue="2"/></mapping></d>`,
		"point":  `<d identifier="RESPONSE" cardinality="multiple" baseType="point"><correctResponse><value>1 1</value></correctResponse><areaMapping><areaMapEntry shape="circle" coords="1,1,2" mappedValue="3"/></areaMapping></d>`,
	}
	answers := map[string][][]string{"choice": {{}, {"A", "B"}, {"A"}, {"C"}, {"A", "B", "C"}}, "point": {{}, {"1 1"}, {"50 50"}}}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r reports
		published := processing.Compile(tree(t, string(data)), processing.ItemResponses, r.report)
		ours, ok := processing.StandardTemplate("https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/" + filepath.Base(file))
		if !ok || !published.Supported() {
			t.Fatalf("%s: built in %v, published %v", file, ok, r)
		}
		kind := "choice"
		if strings.Contains(file, "point") {
			kind = "point"
		}
		for _, texts := range answers[kind] {
			results := make([]string, 0, 2)
			for _, p := range []*processing.Program{published, ours} {
				s := declared()
				d := processing.ParseDeclaration(tree(t, responses[kind]), processing.Response, r.report)
				s.Declared["RESPONSE"] = d
				v, err := processing.ParseValue(d.Card, d.Base, texts...)
				if err != nil {
					t.Fatal(err)
				}
				s.Values["RESPONSE"] = v
				if _, err := p.Run(s); err != nil {
					t.Fatal(err)
				}
				results = append(results, fmt.Sprint(s.Values["SCORE"], s.Values["FEEDBACK"], s.Values["FEEDBACKBASIC"]))
			}
			if results[0] != results[1] {
				t.Errorf("%s, answer %v: published %s, built in %s", filepath.Base(file), texts, results[0], results[1])
			}
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add(`<setOutcomeValue identifier="SCORE"><sum><variable identifier="N"/><baseValue baseType="integer">1</baseValue></sum></setOutcomeValue>`, "A")
	f.Add(`<responseCondition><responseIf><match><variable identifier="MANY"/><correct identifier="MANY"/></match><exitResponse/></responseIf><responseElse/></responseCondition>`, "A B")
	f.Add(`<setOutcomeValue identifier="N"><repeat numberRepeats="99"><random><variable identifier="ROW"/></random></repeat></setOutcomeValue>`, "x")
	f.Add(`<lookupOutcomeValue identifier="GRADE"><mapResponse identifier="WORD"/></lookupOutcomeValue><setOutcomeValue identifier="N"><lcm><baseValue baseType="integer">-9223372036854775808</baseValue><baseValue baseType="integer">-1</baseValue></lcm></setOutcomeValue>`, "york")
	f.Add(`<setOutcomeValue identifier="SCORE"><roundTo roundingMode="decimalPlaces" figures="300"><power><baseValue baseType="float">1e300</baseValue><baseValue baseType="integer">1</baseValue></power></roundTo></setOutcomeValue>`, "")
	f.Fuzz(func(t *testing.T, rules, answer string) {
		doc, err := xmltree.Parse([]byte("<responseProcessing>"+rules+"</responseProcessing>"), xmltree.Limits{Depth: 60, Nodes: 2000, Bytes: 1 << 16})
		if err != nil {
			return
		}
		s := state(t)
		for id, d := range s.Declared {
			if v, err := processing.ParseValue(d.Card, d.Base, strings.Fields(answer)...); err == nil && d.Kind == processing.Response {
				s.Values[id] = v
			}
		}
		s.Steps = 5000
		var r reports
		for _, scope := range []processing.Scope{processing.ItemResponses, processing.ItemTemplate, processing.TestOutcomes} {
			p := processing.Compile(doc.Root, scope, r.report)
			p.Check(func(id string) *processing.Declaration { return s.Declared[id] }, r.report)
			result, err := p.RunTemplate(s)
			if err == nil && result.Steps > 5000 {
				t.Fatalf("%d steps under a limit of 5000", result.Steps)
			}
			for id, v := range s.Values {
				d := s.Declared[id]
				if !v.IsNull() && d != nil && v.Card != d.Card {
					t.Fatalf("%s is %s and holds %s", id, d.Card, v.Card)
				}
			}
		}
	})
}

func TestTypedNumber(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "NULL"},
		{"about 3", "stringValue=about 3"},
		{"42", "floatValue=42,integerValue=42,leftDigits=2,ndp=0,nsf=2,rightDigits=0,stringValue=42"},
		{"-0,50", "floatValue=-0.5,leftDigits=1,ndp=2,nsf=2,rightDigits=2,stringValue=-0,50"},
		{"1.20e3", "exponent=3,floatValue=1200,integerValue=1200,leftDigits=1,ndp=2,nsf=3,rightDigits=2,stringValue=1.20e3"},
		{"1200", "floatValue=1200,integerValue=1200,leftDigits=4,ndp=0,nsf=2,rightDigits=0,stringValue=1200"},
	}
	for _, tt := range tests {
		if got := processing.TypedNumber(tt.text).String(); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
	s := state(t)
	s.Declared["REC"] = &processing.Declaration{Kind: processing.Response, ID: "REC", Card: processing.Record}
	s.Values["REC"] = processing.TypedNumber("3,140")
	if _, err := run(t, s, set("N", `<fieldValue fieldIdentifier="nsf"><variable identifier="REC"/></fieldValue>`)); err != nil || s.Values["N"].String() != "4" {
		t.Errorf("significant figures of 3,140: %s, %v", s.Values["N"], err)
	}
}
