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
	paperArgs
}

// Run prints the text that the item has at the end of the log. The theme that was chosen for it is no part of the text and goes to the
// standard error output, with its words where the paper is named.
func (c *textCmd) Run(e *env) error {
	var paper *exam.Paper
	if c.paperArgs.given() {
		read, err := c.paperArgs.read(e)
		if err != nil {
			return err
		}
		paper = read
	}
	log, err := e.openShown(c.File, c.access, nil)
	if err != nil {
		return e.refuse(c.File, err)
	}
	defer log.close()
	if log.bad != nil {
		return e.refuse(c.File, log.bad)
	}
	texts, themes, err := replay(log)
	if err != nil {
		return e.refuse(c.File, err)
	}
	t, ok := texts[c.Item]
	if !ok {
		return usageError{errors.New(e.say("no-text", "Item", c.Item, "Items", clean(strings.Join(slices.Sorted(maps.Keys(texts)), ", "))))}
	}
	if theme := themes[c.Item]; theme.id != "" {
		words := theme.id
		if asks := themeText(paper, theme.lang, c.Item, theme.id); asks != "" {
			words += ": " + asks
		}
		fmt.Fprintln(e.err, e.say("text-theme", "Item", clean(c.Item), "Theme", clean(words)))
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

// theme is what was chosen for a text, and the language of the exam.
type theme struct{ id, lang string }

// replay reproduces the texts of all items from the edits (R11), and the themes that were chosen last.
func replay(log *shown) (map[string]*text, map[string]theme, error) {
	texts, themes, lang := make(map[string]*text), make(map[string]theme), ""
	of := func(item string) *text {
		if texts[item] == nil {
			texts[item] = new(text)
		}
		return texts[item]
	}
	err := log.each(func(s sealed.Section) error {
		if s.Record == nil {
			return nil
		}
		switch ev := s.Record.Event.(type) {
		case exam.Opened:
			lang = ev.Candidate.Language
		case exam.ThemeChosen:
			of(ev.Item)
			themes[ev.Item] = theme{ev.Theme, lang}
		case exam.Edited:
			if err := of(ev.Item).apply(ev); err != nil {
				return fmt.Errorf("record %d: %w", s.Number, err)
			}
		}
		return nil
	})
	return texts, themes, err
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
