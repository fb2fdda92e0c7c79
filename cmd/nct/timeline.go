package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
)

// longPause is a break in typing that is counted.
const longPause = 30 * time.Second

type timelineCmd struct {
	File  string   `arg:"" help:"Sealed log (.emlog), or a journal on the computer that wrote it, such as DATA/purged.journal."`
	JSON  bool     `name:"json" help:"One JSON object a line for every event: seq, wall (Unix milliseconds), run, mono and used_ms (milliseconds), kind, fields."`
	Faces string   `help:"Write the frames of the face checks and the registered photo into this folder." placeholder:"DIR" type:"path"`
	Keys  bool     `help:"Show every keystroke."`
	Key   []string `help:"File with the public keys that may have signed the log. Can be repeated." placeholder:"FILE" sep:"none"`
	access
	paperArgs
}

// Run shows the log. A file that is not whole is shown up to the first wrong place, under a warning.
func (c *timelineCmd) Run(e *env) error {
	keys, err := loadKeys(c.Key)
	if err != nil {
		return err
	}
	var paper *exam.Paper
	if c.paperArgs.given() {
		if paper, err = c.paperArgs.read(e); err != nil {
			return err
		}
	}
	log, err := e.openShown(c.File, c.access, keys)
	if err != nil {
		return e.refuse(c.File, err)
	}
	defer log.close()
	if c.JSON && log.bad != nil {
		fmt.Fprintln(e.err, log.headline)
	}
	out := bufio.NewWriter(e.out)
	t := &timeline{
		env: e, out: out, json: c.JSON, keys: c.Keys, attempt: exam.NewAttempt(nil), texts: make(map[string]*text),
		paper: paper, faces: c.Faces, names: make(map[journal.Hash]string), blobs: make(map[journal.Hash][]byte),
	}
	if !c.JSON {
		fmt.Fprintf(out, "%s\n\n%s\n", log.headline, e.say("columns", "Zone", e.zone))
	}
	err = log.each(t.section)
	t.endBurst()
	if !c.JSON && log.bad != nil {
		fmt.Fprintf(out, "\n%s\n", log.headline)
	}
	if ferr := out.Flush(); ferr != nil {
		return ferr
	}
	var locked *lockedError
	switch {
	case errors.As(err, &locked):
		err = e.refuse(c.File, err)
		if log.bad == nil {
			return err
		}
		return exitError(exitNotWhole)
	case log.bad != nil:
		return exitError(exitNotWhole)
	case errors.Is(err, sealed.ErrNotWhole):
		return fmt.Errorf("%s changed while it was read: %w", c.File, err)
	}
	return err
}

// timeline turns the frames of a log into lines, one by one.
type timeline struct {
	*env
	out        io.Writer
	json, keys bool
	attempt    *exam.Attempt // the fold; nil in another log than an attempt's, or after an event that does not follow
	texts      map[string]*text
	burst      *burst
	paper      *exam.Paper // nil: tasks are named by their ids alone
	language   string      // of the exam, once the attempt is opened
	last       exam.Recorded
	faces      string
	names      map[journal.Hash]string // frames to write, by hash
	blobs      map[journal.Hash][]byte // those that stand before the next record
}

func (t *timeline) section(s sealed.Section) error {
	switch {
	case s.Kind == stream.KindBlob && t.faces != "":
		t.blobs[s.Hash] = s.Data
	case s.Record != nil:
		t.nameFrames(*s.Record)
		for h, data := range t.blobs {
			if err := t.picture(h, data); err != nil {
				return err
			}
		}
		clear(t.blobs)
		return t.event(*s.Record)
	}
	return nil
}

func (t *timeline) event(rec exam.Recorded) error {
	var trouble error
	switch rec.Event.(type) {
	case exam.RoomOpened, exam.PurgeLogOpened:
		t.attempt = nil
	}
	if t.attempt != nil {
		next, err := t.attempt.Apply(rec)
		if err != nil {
			trouble = err
		}
		t.attempt = next
	}
	if t.json {
		return t.object(rec)
	}
	if ed, ok := rec.Event.(exam.Edited); ok {
		tx := t.texts[ed.Item]
		if tx == nil {
			tx = new(text)
			t.texts[ed.Item] = tx
		}
		if err := tx.apply(ed); err != nil && trouble == nil {
			trouble = err
		}
		if !t.keys {
			t.collect(rec, ed)
		}
	}
	_, tick := rec.Event.(exam.Ticked)
	_, edited := rec.Event.(exam.Edited)
	if !tick && (!edited || t.keys) {
		t.endBurst()
		t.line(rec.Stamp, t.sentence(rec))
	}
	if trouble != nil {
		t.endBurst()
		t.line(rec.Stamp, t.say("contradiction", "Number", rec.Seq, "Why", trouble))
	}
	t.last = rec
	return nil
}

func (t *timeline) sentence(rec exam.Recorded) string {
	s := t.words(rec.Event)
	switch ev := rec.Event.(type) {
	case exam.Opened:
		t.language = ev.Candidate.Language
		if t.paper != nil {
			order, err := t.taskOrder(t.paper, ev)
			if err != nil {
				order = err.Error()
			}
			s += "\n          " + order
		}
	case exam.ThemeChosen:
		if asks := themeText(t.paper, t.language, ev.Item, ev.Theme); asks != "" {
			s += ": " + clean(asks)
		}
	case exam.RunStarted:
		if rec.Stamp.Run > 1 {
			s += "; " + t.gap(t.last.Stamp, rec.Stamp)
		}
	case exam.FaceChecked:
		if name := t.names[hashOf(ev.Frame)]; name != "" && t.faces != "" {
			s += " → " + name
		}
	}
	return s
}

// gap says how long the program did not run. Only the computer's date can tell, and that can be set.
func (t *timeline) gap(from, to exam.Stamp) string {
	d := time.Duration(to.Wall-from.Wall) * time.Millisecond
	switch {
	case d < 0:
		return t.say("gap-unknown")
	case d < time.Minute:
		return t.say("gap", "Gap", fmt.Sprintf("%d "+t.say("seconds"), d.Round(time.Second)/time.Second))
	}
	return t.say("gap", "Gap", hms(d))
}

func (t *timeline) line(at exam.Stamp, s string) {
	used := "      –"
	if t.attempt != nil {
		used = hms(t.attempt.UsedAt(at))
	}
	fmt.Fprintf(t.out, "%s  %s  %s\n", at.Time().In(t.zone).Format("15:04:05"), used, s)
}

// burst is a run of keystrokes in one item.
type burst struct {
	item           string
	typed, deleted int
	pauses         int
	start          exam.Stamp
	last           exam.Stamp
}

func (t *timeline) collect(rec exam.Recorded, ed exam.Edited) {
	if t.burst != nil && t.burst.item != ed.Item {
		t.endBurst()
	}
	if t.burst == nil {
		t.burst = &burst{item: ed.Item, start: rec.Stamp, last: rec.Stamp}
	}
	b := t.burst
	if rec.Stamp.Since(b.last) > longPause {
		b.pauses++
	}
	b.typed += utf8.RuneCountInString(ed.Inserted)
	b.deleted += ed.Removed
	b.last = rec.Stamp
}

func (t *timeline) endBurst() {
	b := t.burst
	if b == nil {
		return
	}
	t.burst = nil
	t.line(b.last, t.say("typed", "Item", clean(b.item), "Typed", b.typed, "Deleted", b.deleted,
		"Words", t.texts[b.item].words(), "Pauses", b.pauses, "From", b.start.Time().In(t.zone).Format("15:04:05")))
}

// object writes an event for programs.
func (t *timeline) object(rec exam.Recorded) error {
	o := struct {
		Seq    uint64         `json:"seq"`
		Wall   int64          `json:"wall"`
		Run    uint32         `json:"run"`
		Mono   int64          `json:"mono"`
		Used   *int64         `json:"used_ms,omitempty"`
		Kind   string         `json:"kind"`
		Fields map[string]any `json:"fields"`
	}{rec.Seq, rec.Stamp.Wall, rec.Stamp.Run, rec.Stamp.Mono, nil, rec.Event.Kind(), make(map[string]any)}
	if t.attempt != nil {
		ms := t.attempt.UsedAt(rec.Stamp).Milliseconds()
		o.Used = &ms
	}
	fields(o.Fields, reflect.ValueOf(rec.Event))
	enc := json.NewEncoder(t.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(o)
}

// fields puts a struct's fields under names in snake case: hashes in hex, sources as text, embedded structs flat.
func fields(into map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		switch {
		case f.Anonymous:
			fields(into, value)
		case f.Type == reflect.TypeFor[[]byte]():
			into[snake(f.Name)] = either(f.Name == "Profile", string(value.Bytes()), hex.EncodeToString(value.Bytes()))
		case f.Type.Kind() == reflect.Struct:
			inner := make(map[string]any)
			fields(inner, value)
			into[snake(f.Name)] = inner
		default:
			into[snake(f.Name)] = value.Interface()
		}
	}
}

func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func hashOf(sum []byte) (h journal.Hash) {
	copy(h[:], sum)
	return h
}

// nameFrames notes under which name the pictures that the event names are to be written.
func (t *timeline) nameFrames(rec exam.Recorded) {
	name := ""
	switch ev := rec.Event.(type) {
	case exam.Opened:
		name = "photo"
	case exam.FaceChecked:
		name = fmt.Sprintf("%06d-%s-%s", rec.Seq, fileName(string(ev.Purpose)), fileName(string(ev.Verdict)))
	}
	h, ok := sealed.BlobOf(rec.Event)
	if name != "" && ok && t.names[h] == "" {
		t.names[h] = name
	}
}

// picture writes a picture beside the timeline.
func (t *timeline) picture(h journal.Hash, data []byte) error {
	name := t.names[h]
	if name == "" {
		return nil
	}
	if err := os.MkdirAll(t.faces, 0o700); err != nil {
		return err
	}
	ext := map[string]string{"image/jpeg": ".jpg", "image/png": ".png"}[http.DetectContentType(data)]
	path := filepath.Join(t.faces, name+either(ext != "", ext, ".bin"))
	if old, err := os.ReadFile(path); err == nil {
		if bytes.Equal(old, data) {
			return nil
		}
		return usageError{fmt.Errorf("--faces: %s exists and is another picture; choose an empty folder", path)}
	}
	return os.WriteFile(path, data, 0o600)
}

// taskOrder names the tasks as the candidate saw them.
func (e *env) taskOrder(paper *exam.Paper, o exam.Opened) (string, error) {
	profile, err := exam.ParseProfile(o.Profile)
	if err != nil {
		return "", err
	}
	if paper.Digest() != o.Paper {
		return "", errors.New("the attempt was opened with another paper")
	}
	var ids []string
	for _, it := range paper.Arranged(o.Variant, profile.Variants).Items() {
		var options []string
		for _, x := range it.Options {
			options = append(options, x.ID)
		}
		s := clean(it.ID)
		if len(options) > 0 {
			s += " (" + clean(strings.Join(options, " ")) + ")"
		}
		ids = append(ids, s)
	}
	return e.say("order", "Items", strings.Join(ids, ", ")), nil
}
