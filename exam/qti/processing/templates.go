package processing

import (
	"path"
	"strings"
	"sync"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/xmltree"
)

// The response processing templates of the standard. They work on the variables RESPONSE, SCORE, MAXSCORE, FEEDBACK and
// FEEDBACKBASIC.
var standard = map[string]func() *xmltree.Node{
	"match_correct": func() *xmltree.Node {
		return rulesOf(either(matches(), set("SCORE", float("1")), set("SCORE", float("0"))))
	},
	"map_response": func() *xmltree.Node { return rulesOf(mapped("map-response")) },
	"map_response_point": func() *xmltree.Node {
		return rulesOf(mapped("map-response-point"))
	},
	"CC2_match": func() *xmltree.Node {
		return rulesOf(either(matches(), set("SCORE", float("1")), set("SCORE", float("0"))))
	},
	"CC2_match_basic": func() *xmltree.Node {
		test := element("response-condition",
			element("response-if", matches(), set("SCORE", ref("variable", "MAXSCORE")), set("FEEDBACKBASIC", word("correct"))),
			element("response-else", set("FEEDBACKBASIC", word("incorrect"))))
		return rulesOf(test)
	},
	"CC2_map_response": func() *xmltree.Node {
		full := element("equal", ref("variable", "MAXSCORE"), ref("variable", "SCORE"))
		full.Attrs = []xmltree.Attr{{Name: "tolerance-mode", Value: "exact"}}
		return rulesOf(mapped("map-response"), either(full, set("FEEDBACK", word("correct")), set("FEEDBACK", word("incorrect"))))
	},
}

// StandardTemplate returns the rules of the response processing template with the address, whichever version it is from.
func StandardTemplate(address string) (*Program, bool) {
	name := strings.TrimSuffix(path.Base(strings.TrimSpace(address)), ".xml")
	p, ok := compiledTemplates()[name]
	return p, ok
}

var compiledTemplates = sync.OnceValue(func() map[string]*Program {
	out := make(map[string]*Program)
	for name, build := range standard {
		out[name] = Compile(build(), ItemResponses, func(_ finding.Severity, n *xmltree.Node, format string, _ ...any) {
			panic("the built-in template " + name + " does not compile: " + n.Name + ": " + format)
		})
	}
	return out
})

func element(name string, children ...*xmltree.Node) *xmltree.Node {
	return &xmltree.Node{Name: name, Raw: name, Children: children}
}

func rulesOf(rules ...*xmltree.Node) *xmltree.Node { return element("response-processing", rules...) }

func ref(name, identifier string) *xmltree.Node {
	n := element(name)
	n.Attrs = []xmltree.Attr{{Name: "identifier", Value: identifier}}
	return n
}

func set(variable string, value *xmltree.Node) *xmltree.Node {
	n := ref("set-outcome-value", variable)
	n.Children = []*xmltree.Node{value}
	return n
}

func literal(base, text string) *xmltree.Node {
	n := element("base-value", &xmltree.Node{Text: text})
	n.Attrs = []xmltree.Attr{{Name: "base-type", Value: base}}
	return n
}

func float(text string) *xmltree.Node { return literal("float", text) }

func word(text string) *xmltree.Node { return literal("identifier", text) }

func matches() *xmltree.Node {
	return element("match", ref("variable", "RESPONSE"), ref("correct", "RESPONSE"))
}

func either(test, yes, no *xmltree.Node) *xmltree.Node {
	return element("response-condition", element("response-if", test, yes), element("response-else", no))
}

func mapped(operator string) *xmltree.Node {
	return either(element("is-null", ref("variable", "RESPONSE")), set("SCORE", float("0")), set("SCORE", ref(operator, "RESPONSE")))
}
