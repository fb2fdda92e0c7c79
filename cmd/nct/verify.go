package main

import (
	"fmt"
	"os"

	"emtihan/exam/sealed"
)

type verifyCmd struct {
	Files []string `arg:"" name:"file" help:"Sealed logs (.emlog)."`
	Key   []string `help:"File with the public keys that may have sealed them (station.pub), one a line. Can be repeated." placeholder:"FILE" sep:"none"`
}

// Run verifies every file and says one sentence about each.
func (c *verifyCmd) Run(e *env) error {
	keys, err := loadKeys(c.Key)
	if err != nil {
		return err
	}
	worst := exitOK
	for _, file := range c.Files {
		rep, err := verifyFile(file, keys...)
		if err == nil {
			fmt.Fprintln(e.out, e.whole(file, rep))
			continue
		}
		sentence, code := e.complain(file, err)
		fmt.Fprintln(e.out, sentence)
		if worst != exitNotWhole {
			worst = code
		}
	}
	if worst != exitOK {
		return exitError(worst)
	}
	return nil
}

func loadKeys(files []string) (keys []sealed.PublicKey, err error) {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		more, err := sealed.ParsePublicKeys(data)
		if err != nil {
			return nil, usageError{fmt.Errorf("--key: %s: %w", file, err)}
		}
		keys = append(keys, more...)
	}
	return keys, nil
}

func verifyFile(path string, keys ...sealed.PublicKey) (sealed.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return sealed.Report{}, err
	}
	defer f.Close()
	return sealed.Verify(f, keys...)
}

// whole says what a whole file holds.
func (e *env) whole(file string, rep sealed.Report) string {
	kind, name := "log", rep.Seal.ID
	switch {
	case rep.Opened != nil:
		kind, name = "attempt", rep.Opened.Attempt
	case rep.Room != nil:
		kind, name = "room", rep.Room.Room
	}
	compared := "compared-no"
	if rep.KeyCompared {
		compared = "compared-yes"
	}
	period := e.say("no-records")
	if rep.Seal.Records > 0 {
		period = e.say("period", "Number", rep.Seal.Records, "From", e.clock(rep.First.Time()), "To", e.clock(rep.Last.Time()))
	}
	s := e.say("whole", "File", file, "What", e.say("what."+kind, "Name", clean(name)), "Period", period,
		"Sealed", e.clock(rep.Seal.Time), "Key", rep.Seal.Key.Fingerprint(), "Compared", e.say(compared))
	if n := len(rep.Missing); n > 0 {
		s += " " + e.say("blobs-missing", "Number", n)
	}
	return s
}
