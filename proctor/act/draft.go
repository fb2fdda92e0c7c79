package act

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emtihan/exam"

	"github.com/fxamacker/cbor/v2"
)

// The kinds of Trigger, which are also the keys of the causes in the forms' lists.
const (
	ByHand         = "hand"         // an administrator saw it
	ByDetector     = "detector"     // a metal detector's alarm
	ByWand         = "wand"         // found with the hand-held detector
	ByFace         = "face"         // a failed face check
	ByDoor         = "door"         // a door opened
	ByFocus        = "focus"        // the exam window lost the keyboard
	ByInterference = "interference" // a second display, a USB drive, injected keys, a debugger (R17)
	ByLimit        = "limit"        // a limit of R14 was gone over
	ByCall         = "call"         // another notice of a station
	ByFault        = "fault"        // equipment failed: a device, a computer, its disk
	ByPower        = "power"        // the mains failed, or the UPS runs out
	ByReview       = "review"       // NCT found it in a log or a video after the exam (act 12-1)
)

// Trigger is what an act answers. The zero value is an observation of the administrator.
type Trigger struct {
	Kind      string
	Record    uint64    // number in the room's log, or 0
	At        time.Time // when it happened; the zero time means now
	Device    string
	Score     float64 // of a face check
	Threshold float64
	Limit     exam.LimitKind
	Attempt   string
	Entry     bool     // it happened at the entry, before the candidate sat down
	Items     []string // ids of banned items that were found
	Detail    string   // what a device, a station or a reviewer said, in plain words
	Source    string   // of a review: the log or the recording
}

// FormFor returns the id of the form that fits the trigger best. A person may choose another one.
func (t Trigger) FormFor() string {
	switch t.Kind {
	case ByDetector, ByWand:
		return "10"
	case ByFace:
		if t.Entry {
			return "11"
		}
		return "13"
	case ByFault:
		return "14"
	case ByPower:
		return "15"
	case ByReview:
		return "12-1"
	}
	return "12"
}

// Draft is an act that nobody has signed yet.
type Draft struct {
	Form   *Form
	IIN    string
	Cause  uint64
	Fields map[string]string
}

// Ids of fields that the program fills in or reads; a form may have any others.
const (
	FieldDate     = "date"
	FieldTime     = "time"
	FieldCentre   = "centre"
	FieldRoom     = "room"
	FieldName     = "name"
	FieldIIN      = "iin"
	FieldSeat     = "seat"
	FieldExam     = "exam"
	FieldCause    = "cause"
	FieldMatch    = "match"
	FieldBans     = "bans"
	FieldHow      = "how"
	FieldCorrects = "corrects"
	FieldItems    = "items"
	FieldDevice   = "device"   // what failed
	FieldSource   = "source"   // what was reviewed
	FieldNewSeat  = "new_seat" // where the candidate goes on
	FieldAffected = "affected" // how many candidates an act about a room concerns
	FieldText     = "description"

	// Recorded with every act, and on no line of the form.
	FieldTemplate = "template" // digest of the form's file
	FieldAttempt  = "attempt"  // attempt that the act is tied to
	FieldEffects  = "effects"  // what follows from it; see [Effects]
)

// Prefill returns a draft with everything that is known (R19): who, where, when, and what it answers. The candidate may be
// the zero value; Check then asks for one. now is in the time zone of the session.
func Prefill(form *Form, s *exam.Session, c exam.Candidate, t Trigger, now time.Time) Draft {
	at := t.At
	if at.IsZero() {
		at = now
	}
	at = at.In(s.Start.Location())
	d := Draft{Form: form, Cause: t.Record, Fields: make(map[string]string)}
	for _, f := range form.Fields {
		if f.Kind == Choice && f.Default != "" {
			d.Fields[f.ID] = f.Default
		}
	}
	d.Fields[FieldDate] = at.Format(time.DateOnly)
	d.Fields[FieldTime] = at.Format("15:04:05")
	d.Fields[FieldCentre], d.Fields[FieldRoom] = s.Centre, s.Room
	d.Fields[FieldCause] = t.encode(at)
	d.Fields[FieldTemplate] = form.Digest()
	if t.Attempt != "" {
		d.Fields[FieldAttempt] = t.Attempt
	}
	if exams, ok := form.Field(FieldExam); ok && s.Profile == "english" {
		if i := slices.IndexFunc(exams.Options, func(e Entry) bool { return e.ID == "additional" }); i >= 0 {
			d.Fields[FieldExam] = "additional"
		}
	}
	if form.Room && len(s.Candidates) > 0 {
		d.Fields[FieldAffected] = strconv.Itoa(len(s.Candidates))
	}
	for id, v := range map[string]string{FieldItems: Join(t.Items), FieldDevice: t.Device, FieldSource: t.Source, FieldText: t.Detail} {
		if f, ok := form.Field(id); ok && v != "" && (f.Kind != Cause) {
			d.Fields[id] = plain(v, f.Kind == Long)
		}
	}
	if t.Kind == ByFace {
		d.Fields[FieldMatch] = fmt.Sprintf("%.3f / %.3f", t.Score, t.Threshold)
	}
	if bans, ok := form.Field(FieldBans); ok && bans.Kind == Bans {
		switch t.Kind {
		case ByDetector, ByWand:
			d.Fields[FieldBans] = "6"
		case ByLimit:
			d.Fields[FieldBans] = "2"
		case ByFocus, ByInterference:
			d.Fields[FieldBans] = "10"
		}
	}
	if how, ok := form.Field(FieldHow); ok {
		found := map[string]string{
			ByDetector: "frame", ByWand: "hand", ByFocus: "program", ByInterference: "program", ByLimit: "program", ByFace: "face", ByReview: "log",
		}[t.Kind]
		if slices.ContainsFunc(how.Options, func(e Entry) bool { return e.ID == found }) {
			d.Fields[FieldHow] = found
		}
	}
	d.About(c)
	return d
}

// Review returns the draft of an act about what NCT found in the pulled log of an attempt (act 12-1): at the record rec of
// the attempt that began with o, in the file source. detail is the finding in plain words, and may be empty. The time on the
// act is that of the record, in the zone of now; who draws it up checks the bans, which only some records suggest.
func Review(form *Form, o exam.Opened, rec exam.Recorded, source, detail string, now time.Time) Draft {
	t := Trigger{Kind: ByReview, Record: rec.Seq, At: rec.Stamp.Time(), Attempt: o.Attempt, Source: source, Detail: detail}
	s := &exam.Session{ID: o.Session, Centre: o.Centre, Room: o.Room, Start: time.UnixMilli(o.Start).In(now.Location())}
	if p, err := exam.ParseProfile(o.Profile); err == nil {
		s.Profile = p.ID
	}
	d := Prefill(form, s, o.Candidate, t, now)
	if _, ok := form.Field(FieldBans); !ok {
		return d
	}
	switch e := rec.Event.(type) {
	case exam.FocusChanged:
		d.Fields[FieldBans] = "10"
	case exam.LimitExceeded:
		d.Fields[FieldBans] = "2"
	case exam.FaceChecked:
		if e.Verdict == exam.VerdictRefused {
			d.Fields[FieldMatch] = fmt.Sprintf("%.3f / %.3f", e.Score, e.Threshold)
		}
	}
	return d
}

// plain takes out of a machine's words what no field may hold.
func plain(s string, paragraphs bool) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && paragraphs:
			return r
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if utf8.RuneCountInString(s) > MaxField {
		s = string([]rune(s)[:MaxField])
	}
	return s
}

// About puts the candidate's data into the draft. An act about a room is about nobody.
func (d *Draft) About(c exam.Candidate) {
	if d.Form.Room {
		return
	}
	d.IIN = c.IIN
	d.Fields[FieldName], d.Fields[FieldIIN], d.Fields[FieldSeat] = c.Name, c.IIN, c.Seat
}

// Clone returns a copy that shares nothing that can change.
func (d Draft) Clone() Draft {
	d.Fields = maps.Clone(d.Fields)
	return d
}

// encode returns the trigger as it is recorded: a kind and what its sentence needs, whichever language it is read in.
func (t Trigger) encode(at time.Time) string {
	parts := []string{or(t.Kind, ByHand), "time=" + at.Format("15:04:05")}
	if t.Record > 0 {
		parts = append(parts, "record="+strconv.FormatUint(t.Record, 10))
	}
	if t.Device != "" {
		parts = append(parts, "device="+recordable.Replace(t.Device))
	}
	if t.Detail != "" {
		parts = append(parts, "detail="+recordable.Replace(plain(t.Detail, false)))
	}
	if t.Source != "" {
		parts = append(parts, "source="+recordable.Replace(plain(t.Source, false)))
	}
	if t.Kind == ByFace {
		parts = append(parts, fmt.Sprintf("score=%.3f;threshold=%.3f", t.Score, t.Threshold))
	}
	return strings.Join(parts, ";")
}

var recordable = strings.NewReplacer(";", ",", "=", "-", "{", "(", "}", ")")

// CauseText returns the recorded trigger as a sentence in lang.
func (fs *Forms) CauseText(recorded, lang string) string {
	parts := strings.Split(recorded, ";")
	text, ok := fs.Causes[parts[0]]
	if !ok {
		return recorded
	}
	s := text.In(lang)
	for _, p := range parts[1:] {
		k, v, _ := strings.Cut(p, "=")
		s = strings.ReplaceAll(s, "{{"+k+"}}", v)
	}
	return placeholder.ReplaceAllString(s, "—")
}

var placeholder = regexp.MustCompile(`\{\{[a-z]+\}\}`)

// Problem says what is wrong with a draft.
type Problem struct {
	Field string // id of the field
	Code  string // "missing", "unknown", "too-long", "character"; see Forms.Say
}

// MaxField is the most runes that a field may have.
const MaxField = 4000

// Check returns what keeps the draft from being signed, in the order of the form's fields.
func (fs *Forms) Check(d Draft) []Problem {
	var out []Problem
	needed := d.needed()
	for _, f := range d.Form.Fields {
		v := d.Fields[f.ID]
		switch {
		case (f.Required || needed[f.ID]) && strings.TrimSpace(v) == "":
			out = append(out, Problem{f.ID, "missing"})
		case utf8.RuneCountInString(v) > MaxField:
			out = append(out, Problem{f.ID, "too-long"})
		case !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool {
			return unicode.IsControl(r) && (r != '\n' || f.Kind != Long)
		}):
			out = append(out, Problem{f.ID, "character"})
		case (f.Kind.Picks() || f.Kind == Choice) && !fs.known(f, v):
			out = append(out, Problem{f.ID, "unknown"})
		}
	}
	return out
}

// needed returns the fields that the chosen options ask for.
func (d Draft) needed() map[string]bool {
	out := make(map[string]bool)
	for _, e := range d.chosen() {
		for _, id := range e.Needs {
			out[id] = true
		}
	}
	return out
}

// chosen returns the options that are chosen, in the order of the form's fields.
func (d Draft) chosen() (out []Entry) {
	for _, f := range d.Form.Fields {
		for _, e := range f.Options {
			if f.Kind == Choice && e.ID == d.Fields[f.ID] {
				out = append(out, e)
			}
		}
	}
	return out
}

func (fs *Forms) known(f Field, v string) bool {
	list := fs.List(f)
	for _, id := range Split(v) {
		if !slices.ContainsFunc(list, func(e Entry) bool { return e.ID == id }) {
			return false
		}
	}
	return f.Kind.Picks() || len(Split(v)) <= 1
}

// Split returns the ids of a field that picks from a list.
func Split(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ',' })
}

// Join returns the value of a field that picks from a list.
func Join(ids []string) string { return strings.Join(ids, ",") }

// ValueText returns a field's value as a person reads it in lang; lists come one line each.
func (fs *Forms) ValueText(f Field, v, lang string) string {
	switch {
	case f.Kind == Cause:
		return fs.CauseText(v, lang)
	case f.Kind == Fixed && f.ID == FieldDate:
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return t.Format("02.01.2006")
		}
	case f.Kind.Picks() || f.Kind == Choice:
		var lines []string
		for _, id := range Split(v) {
			text := id
			for _, e := range fs.List(f) {
				if e.ID == id {
					text = e.In(lang)
				}
			}
			if f.Kind == Bans {
				text = id + ") " + text
			}
			lines = append(lines, text)
		}
		return strings.Join(lines, "\n")
	}
	return v
}

// Number returns the number of the n-th act of a day at a centre, such as "12/2026-11-21/003": form, day and n, which
// counts all forms together from 1 without gaps.
func Number(form string, day time.Time, n int) string {
	return fmt.Sprintf("%s/%s/%03d", form, day.Format(time.DateOnly), n)
}

// ParseNumber is the reverse of Number.
func ParseNumber(s string) (form, day string, n int, err error) {
	parts := strings.Split(s, "/")
	bad := fmt.Errorf("%q is not the number of an act", s)
	if len(parts) != 3 || !formPattern.MatchString(parts[0]) || len(parts[2]) < 3 {
		return "", "", 0, bad
	}
	if _, err := time.Parse(time.DateOnly, parts[1]); err != nil {
		return "", "", 0, bad
	}
	u, err := strconv.ParseUint(parts[2], 10, 31)
	if err != nil || u == 0 || fmt.Sprintf("%03d", u) != parts[2] {
		return "", "", 0, bad
	}
	return parts[0], parts[1], int(u), nil
}

// FileName returns the name of the printed act's file: the number with hyphens, since "/" separates folders.
func FileName(number string) string {
	return filepath.Base(strings.ReplaceAll(number, "/", "-") + ".pdf")
}

// Draw makes the draft an act with a number, signed by the administrator by, and fixes what follows from it. The act has no
// Digest yet: Print gives the bytes that it is taken of. Forms.Issue does both.
func Draw(d Draft, number, by string) exam.ActDrawn {
	fields := maps.Clone(d.Fields)
	delete(fields, FieldEffects)
	if effects := d.Effects(); len(effects) > 0 {
		var ids []string
		for _, e := range effects {
			ids = append(ids, string(e))
		}
		fields[FieldEffects] = Join(ids)
	}
	return exam.ActDrawn{Number: number, Form: d.Form.ID, By: by, IIN: d.IIN, Cause: d.Cause, Fields: fields}
}

var canonical = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// FieldsDigest returns the SHA-256 of what the act says: its number, form, signatory, IIN, cause and fields in
// deterministic CBOR (RFC 8949 §4.2.1). The printed act carries it, so it is taken without the act's own Digest.
func FieldsDigest(a exam.ActDrawn) ([]byte, error) {
	a.Digest = nil
	data, err := canonical.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("act %s: %w", a.Number, err)
	}
	sum := sha256.Sum256(data)
	return sum[:], nil
}
