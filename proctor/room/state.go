package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/proctor/act"
)

// Desk is the name under which the administrators' computer speaks in the room's log.
const Desk = "desk"

// What the desk says in the room's log, beside the kinds of an attempt's events.
const (
	SaidRun        = "run.started"   // the program started
	SaidCheckpoint = "checkpoint"    // a station says how far an attempt's log goes: the Detail is the signed checkpoint
	SaidLinkUp     = "link.up"       // a station connected; Station is its name
	SaidLinkOff    = "link.down"     // a station disconnected
	SaidGate       = "gate.selected" // an administrator picked who is in the gate
	SaidTied       = "alarm.tied"    // an alarm concerns the candidate with this IIN
	SaidHandled    = "alarm.handled" // an administrator decided that an alarm needs no act
)

// Saying is the Detail of StationSaid, as JSON: what the event itself has no field for. Empty fields are left out.
type Saying struct {
	Detail    string  `json:"detail,omitempty"`
	Phase     string  `json:"phase,omitempty"`
	Hold      string  `json:"hold,omitempty"`
	Seat      string  `json:"seat,omitempty"`
	By        string  `json:"by,omitempty"`
	Wall      int64   `json:"wall,omitempty"`   // when it happened at the station, Unix milliseconds
	Seq       uint64  `json:"seq,omitempty"`    // number in the attempt's log
	Run       string  `json:"run,omitempty"`    // run of the station's program that said it; see [Delivery]
	Number    uint64  `json:"number,omitempty"` // of the notice in that run
	Record    uint64  `json:"record,omitempty"` // number of the record of this log that is meant
	Score     float64 `json:"score,omitempty"`
	Threshold float64 `json:"threshold,omitempty"`
	Frame     string  `json:"frame,omitempty"` // SHA-256 of the picture, which is a blob of this log, in hex
}

// String returns the saying as it is recorded.
func (s Saying) String() string {
	data, err := json.Marshal(s)
	if err != nil {
		return "{}" // no field can fail: a score that is no number is taken out before
	}
	return string(data)
}

// ParseSaying reads the Detail of StationSaid. Unknown fields are errors.
func ParseSaying(detail string) (Saying, error) {
	var s Saying
	dec := json.NewDecoder(strings.NewReader(detail))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Saying{}, fmt.Errorf("detail of a station's notice: %w", err)
	}
	if dec.More() {
		return Saying{}, fmt.Errorf("detail of a station's notice: something follows it")
	}
	return s, nil
}

// Quality is what is known of a device's state. The zero value is Unknown (R21).
type Quality uint8

// The states of a device: unknown is one of its own, never a quiet one.
const (
	Unknown Quality = iota
	Quiet           // detector clear, door closed
	Raised          // detector in alarm, door open
)

// Device is the state of a detector or a door.
type Device struct {
	Name   string
	State  Quality
	Reason string    // machine code of why it is unknown
	Since  time.Time // of the state
	Alarms uint32    // of a detector, in this log
	count  uint32
	active bool // of the last known reading
	known  bool // there was one
}

// Alarm is something that an administrator must decide on.
type Alarm struct {
	Record    uint64 // number in the room's log
	At        time.Time
	Kind      string // a kind of act.Trigger: act.ByDetector, …
	Device    string
	Count     uint32 // detector: how many alarms the record stands for
	Missed    bool   // detector: they happened while the program did not run
	Station   string
	Attempt   string
	IIN       string // whom it concerns; "" where nobody has been picked
	Detail    string
	What      string // kind of the attempt's event
	Score     float64
	Threshold float64
	Handled   bool
	By        string // who handled it
	Act       string // number of the act that answered it, or ""
}

// Trigger returns the alarm as the cause of an act.
func (a Alarm) Trigger() act.Trigger {
	return act.Trigger{
		Kind: a.Kind, Record: a.Record, At: a.At, Device: a.Device, Score: a.Score, Threshold: a.Threshold,
		Limit: exam.LimitKind(a.Detail), Attempt: a.Attempt,
	}
}

// Line is one line of the list of what happened.
type Line struct {
	Record  uint64
	At      time.Time
	Event   string // kind of the room's event, or of the attempt's one that a station told
	Station string
	IIN     string
	Detail  string
	By      string
	Device  string
	State   Quality // of the device
	Alarm   bool    // there is an Alarm of this record
}

// Person is a candidate as the administrators see them.
type Person struct {
	exam.Candidate
	Station string
	Online  bool   // the station is connected
	Attempt string // "" until the candidate logs in
	Phase   exam.Phase
	Hold    string
	Trouble int // alarms about them that nobody has handled
	Acts    []string
}

// Act is an act that is drawn up.
type Act struct {
	exam.ActDrawn
	Record uint64
	At     time.Time
	Path   string // of the printed act
}

// View is the room at one moment. It is immutable.
type View struct {
	Session  *exam.Session
	Run      uint32
	Detector Device
	Door     Device
	Gate     string // IIN of who is in the gate, or ""
	People   []Person
	Alarms   []Alarm // newest first
	Lines    []Line  // newest first, at most MaxLines
	Acts     []Act   // oldest first
	Stations int     // connected

	Appended uint64 // number of the last record
	Durable  uint64 // number of the last record that the disk has
	Trouble  error  // why the disk does not take records at the moment
}

// MaxLines is the most lines that a view carries; the log has all of them.
const MaxLines = 400

// Person returns the candidate with the IIN.
func (v View) Person(iin string) (Person, bool) {
	for _, p := range v.People {
		if p.IIN == iin {
			return p, true
		}
	}
	return Person{}, false
}

// Alarm returns the alarm of the record.
func (v View) Alarm(record uint64) (Alarm, bool) {
	for _, a := range v.Alarms {
		if a.Record == record {
			return a, true
		}
	}
	return Alarm{}, false
}

// Unhandled returns how many alarms nobody has decided on.
func (v View) Unhandled() int {
	n := 0
	for _, a := range v.Alarms {
		if !a.Handled {
			n++
		}
	}
	return n
}

// state is the fold of the room's log. Only the actor's goroutine touches it.
type state struct {
	session  *exam.Session
	opened   bool
	seq      uint64
	last     exam.Stamp
	detector Device
	door     Device
	gate     string
	people   []Person
	index    map[string]int // of people, by IIN
	online   map[string]bool
	alarms   []Alarm // oldest first
	lines    []Line  // oldest first
	acts     []Act
	heard    bool // a known reading of the detector came in this run
	said     map[teller]uint64
}

// teller is one run of a station's program. A run that was cut off may come back after another one, so each has its own
// count of notices.
type teller struct{ station, run string }

func newState(s *exam.Session) *state {
	st := &state{session: s, index: make(map[string]int), online: make(map[string]bool), said: make(map[teller]uint64)}
	for _, c := range s.Candidates {
		st.index[c.IIN] = len(st.people)
		st.people = append(st.people, Person{Candidate: c})
	}
	return st
}

func (s *state) view() View {
	v := View{
		Session: s.session, Run: s.last.Run, Detector: s.detector, Door: s.door, Gate: s.gate,
		People: slices.Clone(s.people), Alarms: slices.Clone(s.alarms), Lines: slices.Clone(s.lines), Acts: slices.Clone(s.acts),
	}
	slices.Reverse(v.Alarms)
	slices.Reverse(v.Lines)
	for i := range v.People {
		p := &v.People[i]
		p.Online = s.online[p.Station]
		for _, a := range s.alarms {
			if a.IIN == p.IIN && !a.Handled {
				p.Trouble++
			}
		}
	}
	for _, on := range s.online {
		if on {
			v.Stations++
		}
	}
	return v
}

// fold takes one record in. It returns an error where the record cannot stand there.
func (s *state) fold(r exam.Recorded) error {
	if r.Seq != s.seq+1 {
		return fmt.Errorf("record %d follows record %d", r.Seq, s.seq)
	}
	opened, first := r.Event.(exam.RoomOpened)
	if first == s.opened {
		return fmt.Errorf("record %d is %s: the first record, and only the first, is room.opened", r.Seq, r.Event.Kind())
	}
	if r.Stamp.Run < s.last.Run || r.Stamp.Run == s.last.Run && r.Stamp.Mono < s.last.Mono {
		return fmt.Errorf("record %d: the clock runs back", r.Seq)
	}
	if first && opened.Session != s.session.ID {
		return fmt.Errorf("record 1: the log belongs to session %q", opened.Session)
	}
	if r.Stamp.Run > s.last.Run {
		// Nothing is known of devices and stations until they speak in this run.
		s.detector.State, s.detector.Reason, s.door.State, s.door.Reason = Unknown, "", Unknown, ""
		s.heard = false
		clear(s.online)
	}
	s.opened, s.seq, s.last = true, r.Seq, r.Stamp
	at := time.UnixMilli(r.Stamp.Wall).In(s.session.Start.Location())
	line := Line{Record: r.Seq, At: at, Event: r.Event.Kind()}
	switch e := r.Event.(type) {
	case exam.RoomOpened:
	case exam.StorageChanged:
		line.Detail = e.Place + ":" + e.State + ":" + e.Detail
	case exam.CheckpointHeard:
		line.Event = "" // once a minute from every station: for NCT, not for the screen
	case exam.DetectorRead:
		s.foldDetector(e, at, &line)
	case exam.DoorRead:
		s.foldDoor(e, at, &line)
	case exam.StationSaid:
		if err := s.foldSaid(e, at, &line); err != nil {
			return fmt.Errorf("record %d: %w", r.Seq, err)
		}
	case exam.CodeRefused:
		line.By = e.By
	case exam.ActDrawn:
		s.foldAct(e, r.Seq, at, &line)
	default:
		return fmt.Errorf("record %d: %s does not belong into a room's log", r.Seq, r.Event.Kind())
	}
	if line.Event != "" {
		s.lines = append(s.lines, line)
		if len(s.lines) > 2*MaxLines {
			s.lines = slices.Clone(s.lines[len(s.lines)-MaxLines:])
		}
	}
	return nil
}

// mostMissed is the most alarms between two runs that are believed; more is a counter that was set or exchanged.
const mostMissed = 1000

func (s *state) foldDetector(e exam.DetectorRead, at time.Time, line *Line) {
	d := &s.detector
	before := *d
	d.Name, d.Reason = e.Device, e.Reason
	switch {
	case !e.Known:
		d.State = Unknown
	case e.Active:
		d.State = Raised
	default:
		d.State = Quiet
	}
	if d.State != before.State || before.Since.IsZero() {
		d.Since = at
	}
	line.Device, line.State, line.Detail = e.Device, d.State, e.Reason
	if !e.Known {
		return
	}
	alarms, missed := e.Alarms, false
	switch {
	case !s.heard && before.known && alarms == 0 && e.Count > before.count && e.Count-before.count <= mostMissed:
		// The module counted while this program did not run.
		alarms, missed = e.Count-before.count, true
	case alarms == 0 && e.Active && !(before.known && before.active):
		// A relay that is still held after a silence is the alarm that is there already.
		alarms = 1
	}
	s.heard, d.known, d.count, d.active = true, true, e.Count, e.Active
	if alarms == 0 {
		return
	}
	d.Alarms += alarms
	line.Alarm = true
	s.alarms = append(s.alarms, Alarm{
		Record: line.Record, At: at, Kind: act.ByDetector, Device: e.Device, Count: alarms, Missed: missed, IIN: s.gate, What: line.Event,
	})
	line.IIN = s.gate
}

func (s *state) foldDoor(e exam.DoorRead, at time.Time, line *Line) {
	d := &s.door
	before := *d
	d.Name, d.Reason = e.Device, e.Reason
	switch {
	case !e.Known:
		d.State = Unknown
	case e.Open:
		d.State = Raised
	default:
		d.State = Quiet
	}
	if d.State != before.State || before.Since.IsZero() {
		d.Since = at
	}
	line.Device, line.State, line.Detail = e.Device, d.State, e.Reason
}

// calls are the attempt's events that somebody must decide on, and what they are the cause of.
var calls = map[string]string{
	exam.LimitExceeded{}.Kind():       act.ByLimit,
	exam.AdministratorCalled{}.Kind(): act.ByCall,
	exam.AppealedTechnically{}.Kind(): act.ByCall,
	exam.FaceUnavailable{}.Kind():     act.ByCall,
}

func (s *state) foldSaid(e exam.StationSaid, at time.Time, line *Line) error {
	said, err := ParseSaying(e.Detail)
	if err != nil {
		return err
	}
	line.Event, line.Station, line.IIN, line.Detail, line.By = e.What, e.Station, e.IIN, said.Detail, said.By
	if said.Number > 0 {
		s.said[teller{e.Station, said.Run}] = said.Number
	}
	switch e.What {
	case SaidLinkUp:
		s.online[e.Station] = true
		return nil
	case SaidLinkOff:
		s.online[e.Station] = false
		return nil
	}
	if e.Station == Desk {
		s.foldDesk(e, said, line)
		return nil
	}
	if said.Wall > 0 {
		line.At = time.UnixMilli(said.Wall).In(at.Location())
	}
	if i, ok := s.index[e.IIN]; ok {
		p := &s.people[i]
		p.Station, p.Attempt, p.Phase, p.Hold = e.Station, e.Attempt, exam.Phase(said.Phase), said.Hold
		if said.Seat != "" {
			p.Seat = said.Seat
		}
	}
	kind := calls[e.What]
	switch e.What {
	case exam.FaceChecked{}.Kind():
		switch verdict, _, _ := strings.Cut(said.Detail, ":"); exam.Verdict(verdict) {
		case exam.VerdictRefused:
			kind = act.ByFace
		case exam.VerdictAccepted:
			s.settle(e.Attempt, "", exam.FaceUnavailable{}.Kind())
		}
	case exam.FocusChanged{}.Kind():
		// A window that cannot be worked in anyway may lose the keyboard.
		if said.Detail == "lost" && said.Hold == "" {
			kind = act.ByFocus
		}
	case exam.Unlocked{}.Kind(), exam.IdentifiedByDocument{}.Kind():
		// The administrator has decided at the station, under their own code.
		s.settle(e.Attempt, said.By, exam.FaceChecked{}.Kind(), exam.FaceUnavailable{}.Kind(), exam.AdministratorCalled{}.Kind())
	}
	if kind == "" {
		return nil
	}
	line.Alarm = true
	s.alarms = append(s.alarms, Alarm{
		Record: line.Record, At: line.At, Kind: kind, Count: 1, Station: e.Station, Attempt: e.Attempt, IIN: e.IIN,
		Detail: said.Detail, What: e.What, Score: said.Score, Threshold: said.Threshold,
	})
	return nil
}

// settle marks the open alarms of an attempt handled that were raised by one of the events.
func (s *state) settle(attempt, by string, whats ...string) {
	for i := range s.alarms {
		a := &s.alarms[i]
		if a.Attempt == attempt && attempt != "" && !a.Handled && slices.Contains(whats, a.What) {
			a.Handled, a.By = true, by
		}
	}
}

func (s *state) foldDesk(e exam.StationSaid, said Saying, line *Line) {
	i := slices.IndexFunc(s.alarms, func(a Alarm) bool { return a.Record == said.Record && said.Record > 0 })
	switch e.What {
	case SaidGate:
		s.gate = e.IIN
		line.Event = "" // who stands in the gate is on the screen already, and would fill the list
	case SaidTied:
		if i >= 0 {
			s.alarms[i].IIN = e.IIN
		}
		line.Event = ""
	case SaidHandled:
		if i >= 0 {
			s.alarms[i].Handled, s.alarms[i].By = true, said.By
			line.IIN = s.alarms[i].IIN
		}
	}
}

func (s *state) foldAct(e exam.ActDrawn, record uint64, at time.Time, line *Line) {
	s.acts = append(s.acts, Act{ActDrawn: e, Record: record, At: at})
	line.IIN, line.By, line.Detail = e.IIN, e.By, e.Number
	for i := range s.alarms {
		if a := &s.alarms[i]; a.Record == e.Cause && e.Cause > 0 {
			a.Handled, a.By, a.Act = true, e.By, e.Number
			a.IIN = e.IIN
		}
	}
	if i, ok := s.index[e.IIN]; ok {
		// A published view may share the old slice.
		s.people[i].Acts = append(slices.Clip(s.people[i].Acts), e.Number)
	}
}
