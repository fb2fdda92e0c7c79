package qti

import (
	"fmt"
	"slices"
	"strings"

	"emtihan/exam/qti/body"
	"emtihan/exam/qti/processing"
)

// Session is one candidate's work on one item. It belongs to one goroutine.
type Session struct {
	Item  *Item
	State *processing.State
}

// Start begins a session. Items with template rules become the clone that belongs to the seed: the same seed always gives the same
// clone. The error is [processing.ErrTooLong] or nil.
func (it *Item) Start(seed uint64) (*Session, error) {
	s := &Session{Item: it, State: processing.NewState(it.Responses, it.Outcomes, it.Templates)}
	s.State.Seed, s.State.Steps = seed, it.steps
	if it.Template.Empty() {
		return s, nil
	}
	if _, err := it.Template.RunTemplate(s.State); err != nil {
		return nil, fmt.Errorf("template of item %s: %w", it.ID, err)
	}
	return s, nil
}

// Body returns what the candidate sees: the template's values put in; feedback, and what is meant for scorers and others, left out.
func (s *Session) Body() []body.Block { return s.resolver("candidate", false).Blocks(s.Item.Body) }

// Review returns the body after marking for a view (candidate, scorer, …), with the feedback that the outcomes call for.
func (s *Session) Review(view string) []body.Block { return s.resolver(view, true).Blocks(s.Item.Body) }

func (s *Session) resolver(view string, feedback bool) *body.Resolver {
	names := make(map[string]string)
	for _, d := range s.Item.Templates {
		if d.MathVariable {
			names[d.ID] = body.Print(s.State.Values[d.ID], "")
		}
	}
	r := &body.Resolver{Value: func(id string) processing.Value { return s.State.Values[id] }, Feedback: feedback, View: view}
	if len(names) > 0 {
		r.Math = func(name string) (string, bool) {
			v, ok := names[name]
			return v, ok
		}
	}
	return r
}

// Answer sets a response; NULL takes it back. A value that does not fit the variable is an error and changes nothing.
func (s *Session) Answer(id string, v processing.Value) error {
	d := s.Item.Response(id)
	if d == nil {
		return fmt.Errorf("item %s has no response variable %s", s.Item.ID, id)
	}
	if !v.IsNull() && (v.Card != d.Card || slices.ContainsFunc(v.Items, func(x processing.Scalar) bool { return x.Base != d.Base })) {
		return fmt.Errorf("response %s of item %s is %s %s and cannot be %s %s", id, s.Item.ID, d.Card, d.Base, v.Card, v.Base())
	}
	s.State.Values[id] = v
	return nil
}

// AnswerText sets a response from texts, as an interaction or a file has them; a record becomes a typed number. What is no value of the variable's type is an error
// and leaves the response NULL.
func (s *Session) AnswerText(id string, texts ...string) error {
	d := s.Item.Response(id)
	if d == nil {
		return fmt.Errorf("item %s has no response variable %s", s.Item.ID, id)
	}
	var v processing.Value
	var err error
	if d.Card == processing.Record {
		v = processing.TypedNumber(strings.Join(texts, " "))
	} else {
		v, err = processing.ParseValue(d.Card, d.Base, texts...)
	}
	s.State.Values[id] = v
	if err != nil {
		return fmt.Errorf("response %s of item %s: %w", id, s.Item.ID, err)
	}
	return nil
}

// Responded reports whether some response is there.
func (s *Session) Responded() bool {
	return slices.ContainsFunc(s.Item.Responses, func(d *processing.Declaration) bool { return !s.State.Values[d.ID].IsNull() })
}

// Mark runs the item's rules over the responses. All outcomes begin at their defaults, so that marking twice gives the same; but of an
// adaptive item each call ends one more attempt, and its outcomes go on from where they were, until [Session.Completed]. The error is
// [processing.ErrTooLong] or nil.
func (s *Session) Mark() (processing.Result, error) {
	attempts, _ := s.State.Values["numAttempts"].Number()
	switch {
	case s.Item.Adaptive:
		s.State.Values["numAttempts"] = processing.Int(int64(attempts) + 1)
		if attempts == 0 {
			s.status("unknown")
		}
	default:
		for _, d := range s.Item.Outcomes {
			s.State.Reset(d.ID)
		}
		s.status("not_attempted")
		if s.Responded() {
			s.status("completed")
			s.State.Values["numAttempts"] = processing.Int(1)
		}
	}
	// A button that was not pressed says so, but it is no response.
	for _, in := range s.Item.Interactions {
		if d := s.Item.Response(in.Response); in.Kind == body.EndAttempt && d != nil && d.Base == processing.Boolean && s.State.Values[d.ID].IsNull() {
			s.State.Values[d.ID] = processing.Bool(false)
			defer func() { s.State.Values[d.ID] = processing.Null }()
		}
	}
	result, err := s.Item.Processing.Run(s.State)
	if err != nil {
		return result, fmt.Errorf("rules of item %s: %w", s.Item.ID, err)
	}
	return result, nil
}

func (s *Session) status(word string) {
	s.State.Values["completionStatus"] = processing.Texts(processing.Single, processing.Identifier, word)
}

// Completed reports whether nothing is left to do in the session: it was marked, and the rules of an adaptive item say so.
func (s *Session) Completed() bool {
	v := s.State.Values["completionStatus"]
	return len(v.Items) == 1 && v.Items[0].S == "completed"
}

// Score returns the outcome SCORE.
func (s *Session) Score() (float64, bool) { return s.State.Values["SCORE"].Number() }

// AllCorrect reports whether every response that has a correct one matches it; known is false where none has.
func (s *Session) AllCorrect() (correct, known bool) {
	correct = true
	for _, d := range s.Item.Responses {
		key := s.State.CorrectOf(d.ID)
		if key.IsNull() {
			continue
		}
		known = true
		correct = correct && processing.Same(s.State.Values[d.ID], key)
	}
	return correct && known, known
}
