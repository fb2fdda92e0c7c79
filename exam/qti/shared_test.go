package qti_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/trial"
)

// shared returns the folder with content that nobody of this project wrote, or skips the test.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	data := filepath.Join(dir, "..", "shared", "data", "qti")
	if _, err := os.Stat(data); err != nil {
		t.Skip("the shared QTI packages are not on this computer (../shared/data/qti)")
	}
	return data
}

// refusals are the packages among the shared ones that must not be taken, and why.
var refusals = map[string]string{
	"qtiworks/hostile/BadManifest.zip":                  "not well-formed",
	"qtiworks/hostile/BadMix.zip":                       "the manifest contradicts its files",
	"qtiworks/hostile/ExternalHref.zip":                 `outside the package: "../outside.xml"`,
	"qtiworks/hostile/MissingFile.zip":                  `"missing.xml" is not in the package`,
	"qtiworks/hostile/NotContentPackage.zip":            "no imsmanifest.xml",
	"qtiworks/hostile/WebDeveloperTest1-incomplete.zip": "no readable zip archive, or a truncated one",
	"qtiworks/hostile/ZipSlip.zip":                      "leads out of the package",
}

// Every shared package is read or refused for a reason; every item that can be marked is marked as its own key says.
func TestSharedPackages(t *testing.T) {
	root := shared(t)
	var table strings.Builder
	met := 0
	sum, err := trial.Run([]string{root}, qti.Options{}, func(r trial.Report) {
		rel, err := filepath.Rel(root, r.Unit.Path)
		if err != nil {
			t.Fatal(err)
		}
		rel = filepath.ToSlash(rel)
		if reason, bad := refusals[rel]; bad {
			met++
			if r.Err == nil || !strings.Contains(r.Err.Error(), reason) {
				t.Errorf("%s: %v, want a refusal because %s", rel, r.Err, reason)
			}
			return
		}
		if r.Err != nil {
			t.Errorf("%s: %v", rel, r.Err)
			return
		}
		count := make(map[trial.Verdict]int)
		usable := 0
		for _, o := range r.Outcomes {
			count[o.Verdict]++
			if o.Item.Usable() {
				usable++
			}
			if o.Verdict == trial.Wrong || o.Verdict == trial.Failed {
				fmt.Fprintf(&table, "    %s: %s: %s\n", o.Item.Path, o.Verdict, o.Reason)
			}
		}
		fmt.Fprintf(&table, "%-66s %3d items, %3d usable, %2d tests; %d unsupported, %d invalid; %v\n", rel, len(r.Package.Items), usable, len(r.Package.Tests),
			finding.Count(r.Package.Findings, finding.Unsupported), finding.Count(r.Package.Findings, finding.Invalid), count)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range slices.Sorted(maps.Keys(sum.ByKind)) {
		fmt.Fprintf(&table, "%-18s %v\n", k, sum.ByKind[k])
	}
	figures, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", figures, table.String())
	if met != len(refusals) || sum.Refused != len(refusals) || sum.Crashes > 0 {
		t.Errorf("%d of %d hostile packages were met, %d refused, %d crashes", met, len(refusals), sum.Refused, sum.Crashes)
	}
	if sum.Marked < 150 || sum.MarkedRight*100 < sum.Marked*95 {
		t.Errorf("of %d items that are marked by their rules %d are marked right; at least 150 and 95 %% are wanted", sum.Marked, sum.MarkedRight)
	}
}

// What the shared items cannot give is said, with the place.
func TestSharedFindings(t *testing.T) {
	root := shared(t)
	tests := []struct{ path, says string }{
		{"pie-qti/item-player/tests/conformance/fixtures/responseProcessing_customOperator/item.xml", "item.xml:23 <customOperator>: unsupported: custom operators (example.op urn:example:op)"},
		{"pie-qti/item-player/tests/conformance/fixtures/responseProcessing_xiInclude/item.xml", `<include>: unsupported: rules included from "external-responseProcessingFragment.xml" are not read`},
		{"pie-qti/item-player/tests/conformance/fixtures/responseProcessing_template_match_nothing/item.xml", "match_nothing\" is none of the standard"},
		{"pie-qti/item-player/tests/conformance/fixtures/outcomeProcessing_testVariables/item.xml", "<outcomeProcessing>: warning: the element outcomeProcessing does not belong here"},
		{"pie-qti/item-player/tests/conformance/fixtures/positionObject_mapResponse_wrong/item.xml", "<mapResponse>: invalid: the response RESPONSE has no mapping"},
		{"pie-qti/to-pie/tests/fixtures/conversion-fidelity/weight-invalid-upper-bound.xml", `warning: upper-bound="Max:3" is no number`},
	}
	for _, tt := range tests {
		p, err := qti.Open(filepath.Join(root, filepath.FromSlash(tt.path)), qti.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if !slices.ContainsFunc(p.Findings, func(f finding.Finding) bool { return strings.Contains(f.String(), tt.says) }) {
			t.Errorf("%s: findings %v, want %q", tt.path, p.Findings, tt.says)
		}
	}
}

// The outcomes that the authors of the shared conformance items expect. Left out are two in which they depart from the standard: a
// value that stands twice in a response is mapped once (mapResponse), and NULL in a container is ignored (multiple).
func TestSharedExpectations(t *testing.T) {
	root := filepath.Join(shared(t), "pie-qti", "item-player", "tests", "conformance", "fixtures")
	tests := []struct{ fixture, answers, want string }{
		{"mapResponse_bounds_default_duplicates", "", "SCORE=2"},
		{"mapResponse_bounds_default_duplicates", "R=X", "SCORE=2"},
		{"mapResponse_bounds_default_duplicates", "R=A|B|X", "SCORE=15"},
		{"mapResponse_multiple_cardinality", "RESPONSE=A|B", "SCORE=3"},
		{"contains_multiple", "R=A", "SCORE=1"},
		{"contains_multiple", "R=B", "SCORE=0"},
		{"contains_multiple", "R=A|B", "SCORE=1"},
		{"contains_multiple", "", "SCORE=0"},
		{"outcome_numeric_default_zero_accumulating", "RESPONSE=winter;RESPONSE_1=york", "SCORE=2 TALLY=2 GRADE=NULL BONUS=5"},
		{"outcome_numeric_default_zero_accumulating", "RESPONSE=summer;RESPONSE_1=york", "SCORE=1 TALLY=1"},
		{"outcome_numeric_default_zero_accumulating", "", "SCORE=0 TALLY=0 GRADE=NULL"},
		{"positionObject_mapResponsePoint_scoring", "RESPONSE=110 110", "SCORE=2"},
		{"positionObject_mapResponsePoint_scoring", "RESPONSE=122 100", "SCORE=0"},
		{"positionObject_mapResponsePoint_scoring", "RESPONSE=200 50", "SCORE=1"},
		{"positionObject_mapResponsePoint_scoring", "RESPONSE=100 100|225 75|150 200", "SCORE=3.5"},
		{"positionObject_mapResponsePoint_scoring", "", "SCORE=0"},
		{"qti22_basic_i9b_map_response", "", "SCORE=0"},
		{"qti22_basic_i9b_map_response", "RESPONSE=choice_c", "SCORE=5"},
		{"qti22_basic_i9b_map_response", "RESPONSE=choice_e", "SCORE=0"},
		{"qti22_basic_i9b_map_response", "RESPONSE=choice_b|choice_c", "SCORE=6"},
		{"qti22_basic_i9b_map_response", "RESPONSE=choice_c|choice_d", "SCORE=4"},
		{"qti22_basic_i9b_map_response", "RESPONSE=choice_a|choice_b|choice_c|choice_d|choice_e|choice_f", "SCORE=0"},
		{"qti22_advanced_q6_gap_match", "RESPONSE=sunlight gap_1|plants gap_2", "SCORE=3"},
		{"qti22_advanced_q6_gap_match", "RESPONSE=plants gap_2", "SCORE=2"},
		{"qti22_advanced_q6_gap_match", "RESPONSE=sunlight gap_1|animals gap_2", "SCORE=0"},
		{"qti22_advanced_q8_graphic_gap_match", "RESPONSE=nucleus A|membrane B", "SCORE=2"},
		{"qti22_advanced_q8_graphic_gap_match", "RESPONSE=nucleus A|mitochondrion B", "SCORE=0"},
		{"qti22_advanced_q13_match", "RESPONSE=process_precipitation description_falls_to_ground|process_evaporation description_liquid_to_gas|process_condensation description_gas_to_liquid", "SCORE=1"},
		{"qti22_advanced_q13_match", "RESPONSE=process_evaporation description_liquid_to_gas", "SCORE=0"},
		{"qti22_advanced_q10_hotspot", "RESPONSE=evaporation", "SCORE=1"},
		{"qti22_advanced_q10_hotspot", "RESPONSE=condensation", "SCORE=0"},
		{"responseProcessing_anyN", "RESPONSE=A|B", "SCORE=1"},
		{"responseProcessing_anyN", "RESPONSE=A", "SCORE=0"},
		{"responseProcessing_anyN", "RESPONSE=A|B|C", "SCORE=0"},
		{"responseProcessing_equalRounded_tolerance", "RESPONSE=3.175", "ROUNDED_SIG=true"},
		{"responseProcessing_equalRounded_tolerance", "RESPONSE=3.1749", "ROUNDED_SIG=false"},
		{"responseProcessing_equalRounded_tolerance", "RESPONSE=9.5", "TOL_ABS=true"},
		{"responseProcessing_equalRounded_tolerance", "RESPONSE=10.6", "TOL_ABS=false"},
		{"responseProcessing_equalRounded_tolerance", "RESPONSE=18", "TOL_REL=true"},
		{"responseProcessing_equalRounded_tolerance", "RESPONSE=17.9", "TOL_REL=false"},
		{"responseProcessing_template_match_correct_two_responses", "RESPONSE=A;OTHER=A", "SCORE=1 MAXSCORE=2"},
		{"responseProcessing_template_match_correct_two_responses", "RESPONSE=B;OTHER=B", "SCORE=0"},
		{"ordered_match", "RESPONSE=A|B", "SCORE=1"},
		{"ordered_match", "RESPONSE=B|A", "SCORE=0"},
		{"qti22_basic_q4_order_interaction", "RESPONSE=step_3|step_1|step_2", "ECHO=step_3,step_1,step_2"},
		{"qti22_advanced_i17_i9a_composite", "response_1=choice_2;response_2=choice_5;response_3=glasses", "SCORE=0.5 SCORE_1=0 SCORE_2=0 SCORE_3=0.5"},
		{"qti22_advanced_i17_i9a_composite", "response_1=choice_1;response_2=choice_4;response_3=safety goggles", "SCORE=3 SCORE_1=1 SCORE_2=1 SCORE_3=1"},
		{"stringMatch_caseSensitive_substring", "R=Hello", "SCORE=1"},
		{"stringMatch_caseSensitive_substring", "R=Hello world", "SCORE=2"},
		{"stringMatch_caseSensitive_substring", "R=hello", "SCORE=3"},
		{"stringMatch_caseSensitive_substring", "R=xyz", "SCORE=0"},
		{"responseProcessing_inside_duration_statsOperator", "", "INSIDE_RECT=true INSIDE_ANY=true INSIDE_NULL=NULL DUR_LT=true DUR_GTE=true DUR_NULL=NULL STATS_MEAN=2.5 STATS_SAMPLE_SD=1.2909944487358056 STATS_NULL_ON_NON_NUMERIC=NULL"},
		{"responseProcessing_mapResponsePoint_basic", "RESPONSE=10 10", "SCORE=2"},
		{"responseProcessing_mapResponsePoint_basic", "RESPONSE=75 84", "SCORE=1"},
		{"responseProcessing_mapResponsePoint_basic", "RESPONSE=200 200", "SCORE=0"},
	}
	for _, tt := range tests {
		p, err := qti.Open(filepath.Join(root, tt.fixture, "item.xml"), qti.Options{})
		if err != nil || len(p.Items) != 1 {
			t.Errorf("%s: %v", tt.fixture, err)
			continue
		}
		s, err := p.Items[0].Start(1)
		if err != nil {
			t.Fatal(err)
		}
		for answer := range strings.SplitSeq(tt.answers, ";") {
			if id, texts, ok := strings.Cut(answer, "="); ok {
				if err := s.AnswerText(id, strings.Split(texts, "|")...); err != nil {
					t.Errorf("%s: %v", tt.fixture, err)
				}
			}
		}
		if _, err := s.Mark(); err != nil {
			t.Errorf("%s: %v", tt.fixture, err)
		}
		for expectation := range strings.FieldsSeq(tt.want) {
			id, want, _ := strings.Cut(expectation, "=")
			if got := s.State.Values[id].String(); got != want {
				t.Errorf("%s with %q: %s is %s, want %s", tt.fixture, tt.answers, id, got, want)
			}
		}
	}
}
