package processing

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// ErrTooLong is returned by a run that needs more steps than it may have.
var ErrTooLong = errors.New("the rules take too many steps")

// DefaultSteps bounds a run. The largest item in the public collections needs fewer than a thousand.
const DefaultSteps = 200_000

// maxItems bounds a container that a run builds.
const maxItems = 10_000

// State is the variables of an item session or of a test. A run reads and sets them.
type State struct {
	Declared map[string]*Declaration
	Values   map[string]Value
	Correct  map[string]Value // correct responses set by template processing; overrides the declared ones
	Default  map[string]Value // defaults set by template processing; overrides the declared ones
	Test     *TestState       // of a test; nil in an item
	Seed     uint64           // of random expressions
	Steps    int              // limit; 0: [DefaultSteps]
}

// builtin are the variables that every session has.
var builtin = map[string]*Declaration{
	"numAttempts":      {Kind: Response, ID: "numAttempts", Base: Integer, Default: Int(0)},
	"duration":         {Kind: Response, ID: "duration", Base: Duration, Default: One(Scalar{Base: Duration})},
	"completionStatus": {Kind: Outcome, ID: "completionStatus", Base: Identifier, Default: Texts(Single, Identifier, "not_attempted")},
}

// Find returns the declaration of a variable among lists of declared ones and the built-in ones, or nil.
func Find(id string, declared ...[]*Declaration) *Declaration {
	for _, list := range declared {
		for _, d := range list {
			if d.ID == id {
				return d
			}
		}
	}
	return builtin[id]
}

// NewState makes a state with the declared variables at their defaults. Outcomes without a default are 0 where they are numeric
// and NULL otherwise, as the standard has it; the built-in variables are there.
func NewState(declared ...[]*Declaration) *State {
	s := &State{
		Declared: make(map[string]*Declaration),
		Values:   make(map[string]Value),
		Correct:  make(map[string]Value),
		Default:  make(map[string]Value),
	}
	for id, d := range builtin {
		s.Declared[id], s.Values[id] = d, d.Default
	}
	for _, list := range declared {
		for _, d := range list {
			s.Declared[d.ID] = d
			s.Reset(d.ID)
		}
	}
	return s
}

// Reset gives a variable its default.
func (s *State) Reset(id string) {
	d := s.Declared[id]
	if d == nil {
		return
	}
	v := d.Default
	if o, ok := s.Default[id]; ok {
		v = o
	}
	if v.IsNull() && d.Kind == Outcome && d.Card == Single {
		switch d.Base {
		case Integer:
			v = Int(0)
		case Float:
			v = Num(0)
		}
	}
	s.Values[id] = v
}

// CorrectOf returns the correct response, as template processing or the declaration has it.
func (s *State) CorrectOf(id string) Value {
	if v, ok := s.Correct[id]; ok {
		return v
	}
	if d := s.Declared[id]; d != nil {
		return d.Correct
	}
	return Null
}

// Problem is something that went wrong in a run without stopping it; the standard makes NULL of it.
type Problem string

// Result is what a run says besides the state.
type Result struct {
	Problems []Problem // at most 20 different ones
	Steps    int
	Exited   bool // an exit rule ended it
}

type run struct {
	s        *State
	limit    int
	steps    int
	problems []Problem
	chance   *rand.PCG
	err      error
	redo     bool // a template constraint did not hold
}

func newRun(s *State) *run {
	limit := s.Steps
	if limit <= 0 {
		limit = DefaultSteps
	}
	return &run{s: s, limit: limit, chance: rand.NewPCG(s.Seed, 0x71_74_69)}
}

func (r *run) problem(format string, args ...any) {
	p := Problem(fmt.Sprintf(format, args...))
	for _, o := range r.problems {
		if o == p {
			return
		}
	}
	if len(r.problems) < 20 {
		r.problems = append(r.problems, p)
	}
}

// step counts work and reports whether the run may go on.
func (r *run) step(n int) bool {
	r.steps += n
	if r.steps > r.limit && r.err == nil {
		r.err = ErrTooLong
	}
	return r.err == nil
}

func (r *run) result(exited bool) Result {
	return Result{Problems: r.problems, Steps: r.steps, Exited: exited}
}

// Run executes the rules against the state. The error is [ErrTooLong] or nil; what was set until then stays set.
func (p *Program) Run(s *State) (Result, error) {
	if p == nil {
		return Result{}, nil
	}
	r := newRun(s)
	exited := r.rules(p.rules)
	return r.result(exited), r.err
}

// templateTries is how often a template is tried anew until its constraint holds; the standard asks for at least 100.
const templateTries = 100

// RunTemplate executes template rules. Where a constraint does not hold, all template variables return to their defaults and
// chance goes on; after 100 tries the defaults stay and a problem says so.
func (p *Program) RunTemplate(s *State) (Result, error) {
	if p == nil {
		return Result{}, nil
	}
	r := newRun(s)
	for range templateTries {
		r.redo = false
		exited := r.rules(p.rules)
		if r.err != nil || !r.redo {
			return r.result(exited), r.err
		}
		clear(s.Correct)
		clear(s.Default)
		for id, d := range s.Declared {
			if d.Kind != Context {
				s.Reset(id)
			}
		}
	}
	r.problem("the template's constraint did not hold in %d tries", templateTries)
	return r.result(false), r.err
}

// Eval computes the expression. The error is [ErrTooLong] or nil.
func (e *Expression) Eval(s *State) (Value, error) {
	if e == nil || e.e == nil {
		return Null, nil
	}
	r := newRun(s)
	v := r.eval(e.e)
	return v, r.err
}

// rules reports whether an exit rule was met.
func (r *run) rules(rules []rule) bool {
	for i := range rules {
		if !r.step(1) {
			return true
		}
		if r.rule(&rules[i]) || r.redo {
			return true
		}
	}
	return false
}

func (r *run) rule(x *rule) bool {
	switch x.kind {
	case condition:
		for _, b := range x.branches {
			if b.test != nil {
				if yes, ok := r.eval(b.test).Truth(); !ok || !yes {
					continue
				}
			}
			return r.rules(b.rules)
		}
	case setOutcome:
		r.assign(x, Outcome)
	case setTemplate:
		r.assign(x, Template)
	case lookupOutcome:
		d := r.s.Declared[x.id]
		if d == nil || d.Kind != Outcome || d.Table == nil {
			r.problem("%s has no table to look up in", x.id)
			return false
		}
		if n, ok := r.eval(x.value).Number(); ok {
			r.s.Values[x.id] = d.Table.Lookup(n)
		} else {
			r.s.Values[x.id] = d.Table.Default
		}
	case setCorrect:
		if d := r.declared(x.id, Response); d != nil {
			r.s.Correct[x.id] = r.fit(d, r.eval(x.value))
		}
	case setDefault:
		d := r.s.Declared[x.id]
		if d == nil || d.Kind == Template {
			r.problem("%s is no response or outcome that could get a default", x.id)
			return false
		}
		r.s.Default[x.id] = r.fit(d, r.eval(x.value))
		r.s.Reset(x.id)
	case constraint:
		if yes, ok := r.eval(x.value).Truth(); !ok || !yes {
			r.redo = true
		}
	case exit:
		return true
	}
	return r.err != nil
}

func (r *run) declared(id string, kind Kind) *Declaration {
	d := r.s.Declared[id]
	if d == nil || d.Kind != kind {
		r.problem("%s is no declared %s", id, kind)
		return nil
	}
	return d
}

func (r *run) assign(x *rule, kind Kind) {
	v := r.eval(x.value)
	if r.err != nil {
		return
	}
	if d := r.declared(x.id, kind); d != nil {
		r.s.Values[x.id] = r.fit(d, v)
	}
}

// fit makes a value one of the variable's type: integers become floats, whole floats integers, one value a container of one and
// the other way round. Anything else is NULL and a problem.
func (r *run) fit(d *Declaration, v Value) Value {
	if v.IsNull() {
		return Null
	}
	wrong := func() Value {
		r.problem("%s is %s %s and cannot take %s", d.ID, d.Card, d.Base, v)
		return Null
	}
	if d.Card == Record || v.Card == Record {
		if d.Card != v.Card {
			return wrong()
		}
		return v
	}
	if d.Card == Single && len(v.Items) != 1 {
		return wrong()
	}
	items := make([]Scalar, len(v.Items))
	for i, s := range v.Items {
		f, ok := fitScalar(d.Base, s)
		if !ok {
			return wrong()
		}
		items[i] = f
	}
	return Of(d.Card, items...)
}

func fitScalar(base Base, s Scalar) (Scalar, bool) {
	if s.Base == base {
		return s, true
	}
	x, isNumber := s.Number()
	switch {
	case (base == Float || base == Duration) && isNumber:
		return Scalar{Base: base, X: x}, true
	case base == Integer && isNumber && x == math.Trunc(x) && math.Abs(x) < 1<<53:
		return Scalar{Base: Integer, I: int64(x)}, true
	case textual(base) && textual(s.Base):
		s.Base = base
		return s, true
	case base == Pair && s.Base == DirectedPair, base == DirectedPair && s.Base == Pair:
		s.Base = base
		return s, true
	case base == IntOrIdentifier && (s.Base == Integer || s.Base == Identifier):
		return s, true
	}
	return Scalar{}, false
}

func (r *run) eval(e *expr) Value {
	if e == nil || !r.step(1) {
		return Null
	}
	v := e.op.eval(r, e)
	if len(v.Items) > maxItems {
		r.err = ErrTooLong
		return Null
	}
	if len(v.Items) > 1 {
		r.step(len(v.Items))
	}
	return v
}

// upTo returns a whole number from 0 to n-1. It is made from the generator's bits directly, so that a seed means the same in every
// version of the standard library.
func (r *run) upTo(n uint64) uint64 {
	if n <= 1 {
		return 0
	}
	skip := -n % n // what would make some results more likely
	for {
		if x := r.chance.Uint64(); x >= skip {
			return x % n
		}
	}
}
