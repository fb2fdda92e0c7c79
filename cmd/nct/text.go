package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"emtihan/exam"
	"emtihan/exam/sealed"
)

type textCmd struct {
	File string `arg:"" help:"Sealed log (.emlog) of an attempt."`
	Item string `arg:"" help:"Item of the paper, such as E1."`
}

// Run prints the text that the item has at the end of the log.
func (c *textCmd) Run(e *env) error {
	if _, err := verifyFile(c.File); err != nil {
		sentence, code := e.complain(c.File, err)
		fmt.Fprintln(e.err, sentence)
		return exitError(code)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	texts, err := replay(f)
	if err != nil {
		return err
	}
	t, ok := texts[c.Item]
	if !ok {
		return usageError{errors.New(e.say("no-text", "Item", c.Item, "Items", clean(strings.Join(slices.Sorted(maps.Keys(texts)), ", "))))}
	}
	_, err = fmt.Fprintln(e.out, string(*t))
	return err
}

// replay reproduces the texts of all items from the edits (R11).
func replay(r io.Reader) (map[string]*text, error) {
	file, err := sealed.Open(r)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]*text)
	for {
		s, err := file.Next()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		ed, ok := s.Record.Event.(exam.Edited)
		if !ok {
			continue
		}
		if texts[ed.Item] == nil {
			texts[ed.Item] = new(text)
		}
		if err := texts[ed.Item].apply(ed); err != nil {
			return nil, fmt.Errorf("record %d: %w", s.Number, err)
		}
	}
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
