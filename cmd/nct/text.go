package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"emtihan/exam"
	"emtihan/exam/sealed"
)

type textCmd struct {
	File string `arg:"" help:"Log of an attempt: sealed (.emlog), or a journal on the computer that wrote it."`
	Item string `arg:"" help:"Item of the paper, such as E1."`
	access
}

// Run prints the text that the item has at the end of the log.
func (c *textCmd) Run(e *env) error {
	log, err := e.openShown(c.File, c.access, nil)
	if err != nil {
		return e.refuse(c.File, err)
	}
	defer log.close()
	if log.bad != nil {
		return e.refuse(c.File, log.bad)
	}
	texts, err := replay(log)
	if err != nil {
		return e.refuse(c.File, err)
	}
	t, ok := texts[c.Item]
	if !ok {
		return usageError{errors.New(e.say("no-text", "Item", c.Item, "Items", clean(strings.Join(slices.Sorted(maps.Keys(texts)), ", "))))}
	}
	_, err = fmt.Fprintln(e.out, string(*t))
	return err
}

// refuse says why a log cannot be shown. What the flags got wrong is for the caller to say.
func (e *env) refuse(file string, err error) error {
	var usage usageError
	if errors.As(err, &usage) {
		return err
	}
	sentence, code := e.complain(file, err)
	fmt.Fprintln(e.err, sentence)
	return exitError(code)
}

// replay reproduces the texts of all items from the edits (R11).
func replay(log *shown) (map[string]*text, error) {
	texts := make(map[string]*text)
	err := log.each(func(s sealed.Section) error {
		if s.Record == nil {
			return nil
		}
		ed, ok := s.Record.Event.(exam.Edited)
		if !ok {
			return nil
		}
		if texts[ed.Item] == nil {
			texts[ed.Item] = new(text)
		}
		if err := texts[ed.Item].apply(ed); err != nil {
			return fmt.Errorf("record %d: %w", s.Number, err)
		}
		return nil
	})
	return texts, err
}

// text is a response in runes.
type text []rune

func (t *text) apply(ed exam.Edited) error {
	if ed.Position < 0 || ed.Removed < 0 || ed.Position > len(*t) || ed.Removed > len(*t)-ed.Position {
		return fmt.Errorf("an edit of %s removes %d characters at %d, and the text has %d", clean(ed.Item), ed.Removed, ed.Position, len(*t))
	}
	*t = slices.Replace(*t, ed.Position, ed.Position+ed.Removed, []rune(ed.Inserted)...)
	return nil
}

func (t *text) words() int { return len(strings.Fields(string(*t))) }
