package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"
)

type verifyCmd struct {
	Files   []string `arg:"" name:"file" help:"Sealed logs (.emlog)."`
	Key     []string `help:"File with the public keys that may have signed them (station.pub), one a line. Can be repeated." placeholder:"FILE" sep:"none"`
	Witness []string `help:"Key of a witness, NAME+BASE64, or a file with such keys, one a line. Can be repeated." placeholder:"KEY" sep:"none"`
	Room    []string `help:"Sealed log of the room, with which the files are compared. It needs --identity or --data. Can be repeated." placeholder:"FILE" sep:"none"`
	RoomKey []string `help:"File with the public keys that may have signed the logs of --room: station.pub of the administrators' computer, one key a line. Without it they are those of --key. Can be repeated." placeholder:"FILE" sep:"none"`
	actFlags
	access
}

// Run verifies every file and says what each is.
func (c *verifyCmd) Run(e *env) error {
	opt, err := c.options()
	if err != nil {
		return err
	}
	ofRoom := opt
	if len(c.RoomKey) > 0 {
		if len(c.Room) == 0 {
			return usageError{errors.New("--room-key: there is no --room")}
		}
		if ofRoom.Keys, err = loadKeysOf("--room-key", c.RoomKey); err != nil {
			return err
		}
	}
	acts, err := c.check(e)
	if err != nil {
		return err
	}
	worst := exitOK
	for _, room := range c.Room {
		heard, rep, err := readHeard(room, ofRoom)
		if err != nil {
			sentence, code := e.complain(room, err)
			fmt.Fprintln(e.out, sentence)
			var wrong *sealed.Error
			if errors.As(err, &wrong) && wrong.Code == sealed.CodeOtherKey && len(c.RoomKey) == 0 {
				fmt.Fprintln(e.out, "  "+e.say("room-key"))
			}
			return exitError(worse(worst, code))
		}
		fmt.Fprintln(e.out, e.whole(room, rep)+"\n  "+e.say("room-heard", "Number", len(heard)))
		if acts != nil {
			if err := acts.log(room, c.access); err != nil {
				return e.refuse(room, err)
			}
		}
		opt.Heard = append(opt.Heard, heard...)
	}
	given := make(map[string]bool)
	for _, file := range c.Files {
		if slices.ContainsFunc(c.Room, func(room string) bool { return sameFile(file, room) }) {
			continue // it was verified as the room's, with the room's keys
		}
		rep, err := verifyFile(file, opt)
		given[rep.Header.ID] = true
		if err != nil {
			sentence, code := e.complain(file, err)
			fmt.Fprintln(e.out, sentence)
			worst = worse(worst, code)
			continue
		}
		fmt.Fprintln(e.out, strings.Join(append([]string{e.whole(file, rep)}, e.details(rep, opt)...), "\n  "))
		if acts != nil && rep.Room != nil {
			if err := acts.log(file, c.access); err != nil {
				return e.refuse(file, err)
			}
		}
	}
	if acts != nil {
		code, err := acts.finish()
		if err != nil {
			return err
		}
		worst = worse(worst, code)
	}
	if ids := absent(opt.Heard, given); len(ids) > 0 {
		fmt.Fprintln(e.out, e.say("not-given", "Number", len(ids), "IDs", strings.Join(ids, ", ")))
	}
	if worst != exitOK {
		return exitError(worst)
	}
	return nil
}

func (c *verifyCmd) options() (opt sealed.Options, err error) {
	if opt.Keys, err = loadKeys(c.Key); err != nil {
		return opt, err
	}
	if opt.Witnesses, err = loadWitnesses(c.Witness); err != nil {
		return opt, err
	}
	opt.Opener, err = c.opener()
	return opt, err
}

func loadWitnesses(args []string) (keys []stream.WitnessKey, err error) {
	for _, arg := range args {
		lines := []string{arg}
		if data, err := os.ReadFile(arg); err == nil {
			lines = strings.Split(strings.TrimSpace(string(data)), "\n")
		}
		for _, line := range lines {
			k, err := stream.ParseWitnessKey(line)
			if err != nil {
				return nil, usageError{fmt.Errorf("--witness: %w", err)}
			}
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func readHeard(path string, opt sealed.Options) ([]sealed.Heard, sealed.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, sealed.Report{}, err
	}
	defer f.Close()
	heard, rep, err := sealed.ReadHeard(f, opt)
	if errors.Is(err, vault.ErrNoKey) {
		err = &lockedError{rep.Header.Wraps, err}
	}
	return heard, rep, err
}

// absent returns the ids of logs that the room knows of and that were not given, in order.
func absent(heard []sealed.Heard, given map[string]bool) (ids []string) {
	for _, h := range heard {
		if !given[h.ID] {
			ids = append(ids, clean(h.ID))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func verifyFile(path string, opt sealed.Options) (sealed.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return sealed.Report{}, err
	}
	defer f.Close()
	return sealed.Verify(f, opt)
}

// whole says what a whole file holds.
func (e *env) whole(file string, rep sealed.Report) string {
	compared := "compared-no"
	if rep.KeyCompared {
		compared = "compared-yes"
	}
	period := e.say("no-records")
	switch {
	case rep.Seal.Records > 0 && rep.KeyErr != nil:
		period = e.say("counted", "Number", rep.Seal.Records)
	case rep.Seal.Records > 0:
		period = e.say("period", "Number", rep.Seal.Records, "From", e.clock(rep.FirstStamp.Time()), "To", e.clock(rep.LastStamp.Time()))
	}
	return e.say("whole", "File", file, "What", e.what(rep), "Period", period,
		"Sealed", e.clock(rep.Seal.Time), "Key", rep.Seal.Key.Fingerprint(), "Compared", e.say(compared))
}

// what names a log.
func (e *env) what(rep sealed.Report) string {
	kind, name := "log", rep.Seal.ID
	switch {
	case rep.Opened != nil:
		kind, name = "attempt", rep.Opened.Attempt
	case rep.Room != nil:
		kind, name = "room", rep.Room.Room
	case rep.Purge != nil:
		kind, name = "purge", rep.Purge.Name
	}
	return e.say("what."+kind, "Name", clean(name))
}

// details says what else a whole file shows.
func (e *env) details(rep sealed.Report, opt sealed.Options) (lines []string) {
	add := func(id string, pairs ...any) { lines = append(lines, e.say(id, pairs...)) }
	var keys []vault.PublicKey
	for _, r := range rep.Runs {
		if !slices.Contains(keys, r.Key) {
			keys = append(keys, r.Key)
		}
	}
	if rep.Foreign || len(keys) > 1 {
		var prints []string
		for _, k := range keys {
			prints = append(prints, k.Fingerprint())
		}
		add("runs", "Runs", len(rep.Runs), "Keys", strings.Join(prints, ", "))
	}
	if rep.Foreign {
		add("foreign")
	}
	if rep.Checkpoints == 0 {
		add("no-checkpoints")
	} else {
		gap := "–"
		if rep.Gap > 0 {
			gap = e.say("longest-gap", "Gap", hms(rep.Gap), "From", e.clock(rep.GapAfter))
		}
		add("checkpoints", "Number", rep.Checkpoints, "Last", e.clock(rep.Last.Time), "Size", rep.Last.Size, "Leaves", rep.Seal.Leaves, "Gap", gap)
	}
	if rep.Tail > 0 {
		add("tail", "Number", rep.Tail)
	}
	expected := make(map[string]bool)
	for _, c := range rep.Cosigned {
		if c.Checked {
			expected[c.Witness] = true
			add("cosigned", "Witness", clean(c.Witness), "Size", c.Leaves, "Time", e.clock(c.At))
		} else {
			add("cosigned-unknown", "Witness", clean(c.Witness), "Size", c.Leaves)
		}
	}
	for _, w := range opt.Witnesses {
		if !expected[w.Name] {
			add("not-cosigned", "Witness", clean(w.Name))
		}
	}
	if rep.Heard > 0 {
		add("heard", "Number", rep.Heard)
	} else if len(opt.Heard) > 0 && rep.Unsigned == 0 {
		add("heard-nothing")
	}
	if rep.Unsigned > 0 {
		add("unsigned", "Number", rep.Unsigned)
	}
	if rep.KeyErr != nil {
		add("locked", "Needs", e.needs(rep.Header.Wraps))
	}
	if n := len(rep.Missing); n > 0 {
		add("blobs-missing", "Number", n)
	}
	return lines
}
