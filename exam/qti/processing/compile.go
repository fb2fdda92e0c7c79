package processing

import (
	"fmt"
	"slices"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/xmltree"
)

// Program is a compiled set of rules.
type Program struct {
	rules  []rule
	faults []string // what of the source was left out or cannot be run, and why
}

// Expression is a compiled expression of its own: a precondition, a branch rule.
type Expression struct {
	e *expr
}

// Supported reports whether all of the source was compiled. A program that is not whole must not mark anybody.
func (p *Program) Supported() bool { return p == nil || len(p.faults) == 0 }

// Faults says why the program is not supported, in sentences without a full stop.
func (p *Program) Faults() []string {
	if p == nil {
		return nil
	}
	return slices.Clone(p.faults)
}

const maxFaults = 20

func addFault(to *[]string, format string, args []any) {
	if s := fmt.Sprintf(format, args...); len(*to) < maxFaults && !slices.Contains(*to, s) {
		*to = append(*to, s)
	}
}

// Empty reports whether the program has no rules.
func (p *Program) Empty() bool { return p == nil || len(p.rules) == 0 }

// Assigns reports whether some rule sets the variable, whatever the conditions.
func (p *Program) Assigns(variable string) bool {
	return p != nil && assigns(p.rules, variable)
}

func assigns(rules []rule, variable string) bool {
	for _, r := range rules {
		if r.id == variable && (r.kind == setOutcome || r.kind == lookupOutcome) {
			return true
		}
		for _, b := range r.branches {
			if assigns(b.rules, variable) {
				return true
			}
		}
	}
	return false
}

type ruleKind uint8

const (
	condition ruleKind = iota
	setOutcome
	lookupOutcome
	setTemplate
	setCorrect
	setDefault
	constraint
	exit
)

type rule struct {
	kind     ruleKind
	id       string // of the variable to set
	value    *expr
	branches []branch // of a condition: if, else-if…, else (whose test is nil)
	source   *xmltree.Node
}

type branch struct {
	test  *expr
	rules []rule
}

type expr struct {
	op   *operator
	name string
	args []*expr
	from *xmltree.Node
	// What the attributes of the element say, as far as the operator uses them.
	id      string
	text    map[string]string
	literal Value
	area    Area
	pattern Pattern
}

// Scope names the place of a program in the standard: it decides which rules and expressions belong there.
type Scope uint8

// The scopes.
const (
	ItemResponses Scope = 1 << iota
	ItemTemplate
	TestOutcomes
)

func (s Scope) String() string {
	switch s {
	case ItemResponses:
		return "response processing"
	case ItemTemplate:
		return "template processing"
	}
	return "outcome processing"
}

// Check reports variables that the rules use and nobody declares, and mappings that are not there. lookup returns a declaration by
// identifier. After a blocking finding the program is no longer supported.
func (p *Program) Check(lookup func(id string) *Declaration, report Reporter) {
	if p == nil {
		return
	}
	c := checker{lookup: lookup, report: func(s finding.Severity, n *xmltree.Node, format string, args ...any) {
		if s.Blocks() {
			addFault(&p.faults, format, args)
		}
		report(s, n, format, args...)
	}}
	c.rules(p.rules)
}

type checker struct {
	lookup func(id string) *Declaration
	report Reporter
}

func (c checker) rules(rules []rule) {
	for _, r := range rules {
		switch d := c.lookup(r.id); r.kind {
		case setOutcome:
			if d == nil || d.Kind != Outcome {
				c.report(finding.Warning, r.source, "the outcome %s is not declared; what is set there is lost", r.id)
			}
		case lookupOutcome:
			if d == nil || d.Kind != Outcome || d.Table == nil {
				c.report(finding.Invalid, r.source, "the outcome %s has no table to look up in", r.id)
			}
		case setTemplate:
			if d == nil || d.Kind != Template {
				c.report(finding.Invalid, r.source, "the template variable %s is not declared", r.id)
			}
		case setCorrect:
			if d == nil || d.Kind != Response {
				c.report(finding.Invalid, r.source, "the response variable %s is not declared", r.id)
			}
		case setDefault, condition, constraint, exit:
		}
		c.expr(r.value)
		for _, b := range r.branches {
			c.expr(b.test)
			c.rules(b.rules)
		}
	}
}

func (c checker) expr(e *expr) {
	if e == nil {
		return
	}
	switch e.name {
	case "variable", "correct", "default":
		if !strings.Contains(e.id, ".") && c.lookup(e.id) == nil {
			c.report(finding.Invalid, e.from, "the variable %s is not declared", e.id)
		}
	case "map-response":
		if d := c.lookup(e.id); d == nil || d.Mapping == nil {
			c.report(finding.Invalid, e.from, "the response %s has no mapping", e.id)
		}
	case "map-response-point":
		if d := c.lookup(e.id); d == nil || d.Areas == nil {
			c.report(finding.Invalid, e.from, "the response %s has no mapping of areas", e.id)
		}
	}
	for _, a := range e.args {
		c.expr(a)
	}
}

type compiler struct {
	scope  Scope
	report Reporter
	faults []string
}

func (c *compiler) fail(s finding.Severity, n *xmltree.Node, format string, args ...any) {
	if s.Blocks() {
		addFault(&c.faults, format, args)
	}
	c.report(s, n, format, args...)
}

// Compile translates the rules inside the element.
func Compile(n *xmltree.Node, scope Scope, report Reporter) *Program {
	c := &compiler{scope: scope, report: report}
	p := &Program{rules: c.rules(n)}
	p.faults = c.faults
	return p
}

// Unrunnable reports that there are rules which cannot be read or run at all, and returns the program that stands for them: empty and not
// supported.
func Unrunnable(n *xmltree.Node, report Reporter, format string, args ...any) *Program {
	report(finding.Unsupported, n, format, args...)
	return &Program{faults: []string{fmt.Sprintf(format, args...)}}
}

// CompileExpression translates the one expression inside the element.
func CompileExpression(n *xmltree.Node, scope Scope, report Reporter) (*Expression, bool) {
	c := &compiler{scope: scope, report: report}
	e := c.only(n)
	return &Expression{e: e}, e != nil && len(c.faults) == 0
}

func (c *compiler) rules(n *xmltree.Node) []rule {
	var out []rule
	for child := range n.Elements() {
		out = append(out, c.rule(child)...)
	}
	return out
}

func (c *compiler) allowed(n *xmltree.Node, where Scope) bool {
	if c.scope&where != 0 {
		return true
	}
	n.Skip()
	c.fail(finding.Invalid, n, "%s does not belong into %s", n.Raw, c.scope)
	return false
}

func (c *compiler) rule(n *xmltree.Node) []rule {
	single := func(where Scope, kind ruleKind) []rule {
		if !c.allowed(n, where) {
			return nil
		}
		return []rule{{kind: kind, id: strings.TrimSpace(n.Attr("identifier")), value: c.only(n), source: n}}
	}
	if n.Space == xmltree.Include {
		n.Skip()
		c.fail(finding.Unsupported, n, "rules included from %q are not read", n.Attr("href"))
		return nil
	}
	switch n.Name {
	case "response-condition", "outcome-condition", "template-condition":
		kind, _, _ := strings.Cut(n.Name, "-")
		where := map[string]Scope{"response": ItemResponses, "outcome": TestOutcomes, "template": ItemTemplate}[kind]
		if !c.allowed(n, where) {
			return nil
		}
		return []rule{c.condition(n, kind)}
	case "set-outcome-value":
		return single(ItemResponses|TestOutcomes, setOutcome)
	case "lookup-outcome-value":
		return single(ItemResponses|TestOutcomes, lookupOutcome)
	case "set-template-value":
		return single(ItemTemplate, setTemplate)
	case "set-correct-response":
		return single(ItemTemplate, setCorrect)
	case "set-default-value":
		return single(ItemTemplate, setDefault)
	case "template-constraint":
		return single(ItemTemplate, constraint)
	case "exit-response", "exit-test", "exit-template":
		n.See()
		where := map[string]Scope{"exit-response": ItemResponses, "exit-test": TestOutcomes, "exit-template": ItemTemplate}[n.Name]
		if !c.allowed(n, where) {
			return nil
		}
		return []rule{{kind: exit}}
	case "response-processing-fragment", "outcome-processing-fragment":
		return c.rules(n)
	}
	n.Skip()
	c.fail(finding.Unsupported, n, "%s is no rule of QTI 2.1 to 3.0", n.Raw)
	return nil
}

func (c *compiler) condition(n *xmltree.Node, kind string) rule {
	r := rule{kind: condition}
	for child := range n.Elements() {
		switch child.Name {
		case kind + "-if", kind + "-else-if":
			b := branch{}
			first := true
			for part := range child.Elements() {
				if first {
					b.test = c.expr(part)
					first = false
					continue
				}
				b.rules = append(b.rules, c.rule(part)...)
			}
			if first {
				c.fail(finding.Invalid, child, "%s has no expression", child.Raw)
			}
			if b.test == nil {
				b.test = &expr{op: operators["null"], name: "null"}
			}
			r.branches = append(r.branches, b)
		case kind + "-else":
			r.branches = append(r.branches, branch{rules: c.rules(child)})
		default:
			child.Skip()
			c.fail(finding.Invalid, child, "%s does not belong into %s", child.Raw, n.Raw)
		}
	}
	if len(r.branches) == 0 || r.branches[0].test == nil {
		// Nothing is decided before the else: its rules always apply, which is what its author can only have meant.
		c.fail(finding.Warning, n, "%s has no branch with a condition", n.Raw)
	}
	return r
}

func (c *compiler) only(n *xmltree.Node) *expr {
	var out *expr
	for child := range n.Elements() {
		if out != nil {
			child.Skip()
			c.fail(finding.Invalid, child, "%s takes one expression and has more", n.Raw)
			break
		}
		if out = c.expr(child); out == nil {
			return nil
		}
	}
	if out == nil {
		c.fail(finding.Invalid, n, "%s has no expression", n.Raw)
	}
	return out
}

func (c *compiler) expr(n *xmltree.Node) *expr {
	op, ok := operators[n.Name]
	if !ok || n.Space != xmltree.QTI {
		n.Skip()
		if n.Name == "custom-operator" {
			c.fail(finding.Unsupported, n, "custom operators (%s) are programs of one vendor and are not run", strings.TrimSpace(n.Attr("class")+" "+n.Attr("definition")))
			return nil
		}
		c.fail(finding.Unsupported, n, "%s is no expression of QTI 2.1 to 3.0", n.Raw)
		return nil
	}
	if op.scope != 0 && op.scope&c.scope == 0 {
		n.Skip()
		c.fail(finding.Invalid, n, "%s does not belong into %s", n.Raw, c.scope)
		return nil
	}
	e := &expr{op: op, name: n.Name, from: n}
	for _, a := range op.attrs {
		if v, ok := n.Lookup(a); ok {
			if a == "identifier" || a == "outcome-identifier" || a == "field-identifier" || a == "variable-identifier" {
				e.id = strings.TrimSpace(v)
				continue
			}
			if e.text == nil {
				e.text = make(map[string]string)
			}
			e.text[a] = strings.TrimSpace(v)
		}
	}
	if n.Name == "base-value" {
		c.baseValue(n, e)
		return e
	}
	for child := range n.Elements() {
		if a := c.expr(child); a != nil {
			e.args = append(e.args, a)
		} else {
			return nil
		}
	}
	if len(e.args) < op.min || op.max >= 0 && len(e.args) > op.max {
		c.fail(finding.Invalid, n, "%s has %d expressions inside, %s", n.Raw, len(e.args), op.wants())
		return nil
	}
	if op.check != nil {
		if s, err := op.check(e); err != nil {
			c.fail(s, n, "%s: %v", n.Raw, err)
			if s.Blocks() {
				return nil
			}
		}
	}
	return e
}

func (c *compiler) baseValue(n *xmltree.Node, e *expr) {
	base, ok := ParseBase(n.Attr("base-type"))
	if !ok {
		c.fail(finding.Warning, n, "a value of the unknown base type %q is read as string", n.Attr("base-type"))
		base = String
	}
	text := n.Content()
	if strings.TrimSpace(text) == "" {
		return
	}
	s, err := ParseScalar(base, text)
	if err != nil {
		c.fail(finding.Invalid, n, "%v", err)
		return
	}
	e.literal = One(s)
}

// operator is one expression of the language.
type operator struct {
	min, max int // how many expressions stand inside; max < 0: any number
	attrs    []string
	scope    Scope // 0: everywhere
	check    func(e *expr) (finding.Severity, error)
	eval     func(r *run, e *expr) Value
}

func (o *operator) wants() string {
	switch {
	case o.max < 0:
		return fmt.Sprintf("not %d or more", o.min)
	case o.min == o.max:
		return fmt.Sprintf("not %d", o.min)
	}
	return fmt.Sprintf("not %d to %d", o.min, o.max)
}
