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

	SaidShift    = "shift.began"       // an administrator opened the entry; admissions are theirs from here on
	SaidFace     = "entry.face"        // a face check at the desk; Detail is VERDICT:REASON
	SaidStray    = "entry.stray"       // a reader read the document of nobody on the list
	SaidAdmitted = "entry.admitted"    // Detail says why, where an administrator overruled a finding
	SaidLate     = "entry.late"        // came after the limit of R3 and was not admitted
	SaidUndone   = "entry.undone"      // the last decision about the candidate was a mistake
	SaidUnlocked = "door.unlocked"     // a lock was opened for Seconds, for the candidate or for the reason in Detail
	SaidJammed   = "door.not-unlocked" // a lock was not opened; Detail is a machine code
	SaidKey      = "key.taken"         // an administrator signs acts with a key from here on; Detail is whom it names
	SaidPrinted  = "list.printed"      // Detail is the form and the SHA-256 of the page
	SaidReader   = "reader"            // a reader changed its State
	SaidUPS      = "ups"               // a UPS changed its State
	SaidStop     = "room.suspended"    // every station is told to suspend
	SaidGoOn     = "room.resumed"      // every station is told to go on
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
	Frame     string  `json:"frame,omitempty"`   // SHA-256 of the picture, which is a blob of this log, in hex
	Device    string  `json:"device,omitempty"`  // name in the devices file
	State     string  `json:"state,omitempty"`   // of a reader or a UPS: one of the State constants
	Charge    int     `json:"charge,omitempty"`  // of a UPS's battery, percent
	Seconds   int     `json:"seconds,omitempty"` // how long a lock stays open
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
	Absent    bool // door: it was found open after a silence, nobody saw it open
	Handled   bool
	By        string // who handled it
	Act       string // number of the act that answered it, or ""
}

// Trigger returns the alarm as the cause of an act.
func (a Alarm) Trigger() act.Trigger {
	return act.Trigger{
		Entry: a.Attempt == "", Kind: a.Kind, Record: a.Record, At: a.At, Device: a.Device, Score: a.Score, Threshold: a.Threshold,
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
	Word    string  // of a reader or a UPS: its state
	Pass    Pass    // of a door: who went through
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

	Entry   Entry     // how far they are at the desk
	Came    time.Time // when they stood at the desk first; zero before
	Decided time.Time // when they were admitted or turned away
	By      string    // who decided
	Face    *Face     // the last check at the desk, or nil
	Barred  string    // number of the act that keeps them out, or ""

	Exits int       // times that they left the room (R14)
	Out   time.Time // when they left; zero while they are in the room
	pass  passage
}

// Act is an act that is drawn up.
type Act struct {
	exam.ActDrawn
	Record uint64
	At     time.Time
	Path   string // of the printed act

	Signatures []exam.ActSigned // electronic ones, oldest first
}

// View is the room at one moment. It is immutable.
type View struct {
	Session   *exam.Session
	Run       uint32
	Detector  Device   // the one that needs somebody most
	Door      Device   // the one that needs somebody most
	Devices   []Device // all, in the order of the devices file
	Gate      string   // IIN of who is in the gate, or ""
	Shift     string   // administrator who has the entry, or ""
	Entry     Counts
	LateAfter time.Duration // R3: how long after the start a candidate is still admitted
	Order     *Order        // what all stations were told last, or nil
	People    []Person
	Alarms    []Alarm // newest first
	Lines     []Line  // newest first, at most MaxLines
	Acts      []Act   // oldest first
	Stations  int     // connected

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

// Search returns those whose seat, name or IIN has every word of the query, in any case; a seat that is the whole query comes
// first: "1" is the first seat before the tenth.
func (v View) Search(query string) (found []Person) {
	words := strings.Fields(strings.ToLower(query))
	for _, p := range v.People {
		hay := strings.ToLower(p.Seat + " " + p.Name + " " + p.IIN)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(hay, w) }) {
			found = append(found, p)
		}
	}
	if len(words) == 1 {
		exactly := func(p Person) int {
			if strings.EqualFold(p.Seat, words[0]) {
				return 0
			}
			return 1
		}
		slices.SortStableFunc(found, func(a, b Person) int { return exactly(a) - exactly(b) })
	}
	return found
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
	session *exam.Session
	opened  bool
	seq     uint64
	last    exam.Stamp
	devices []Device
	gate    string
	shift   string
	order   *Order
	barred  map[string]string // number of the act that keeps a candidate out, by IIN
	late    time.Duration
	people  []Person
	index   map[string]int // of people, by IIN
	online  map[string]bool
	alarms  []Alarm // oldest first
	lines   []Line  // oldest first
	acts    []Act
	ties    map[string][]string // attempts that an act is told to, by its number
	said    map[teller]uint64
}

// teller is one run of a station's program. A run that was cut off may come back after another one, so each has its own
// count of notices.
type teller struct{ station, run string }

func newState(s *exam.Session, named []Device, late time.Duration) *state {
	st := &state{session: s, late: late, index: make(map[string]int), barred: make(map[string]string), online: make(map[string]bool), ties: make(map[string][]string), said: make(map[teller]uint64)}
	for _, d := range named {
		st.devices = append(st.devices, Device{Name: d.Name, Kind: d.Kind, Lock: d.Lock})
	}
	for _, c := range s.Candidates {
		st.index[c.IIN] = len(st.people)
		st.people = append(st.people, Person{Candidate: c})
	}
	return st
}

func (s *state) view() View {
	v := View{
		Session: s.session, Run: s.last.Run, Detector: s.worst(KindDetector), Door: s.worst(KindDoor), Devices: slices.Clone(s.devices), Gate: s.gate, Shift: s.shift, LateAfter: s.late,
		People: slices.Clone(s.people), Alarms: slices.Clone(s.alarms), Lines: slices.Clone(s.lines), Acts: slices.Clone(s.acts),
	}
	slices.Reverse(v.Alarms)
	slices.Reverse(v.Lines)
	if s.order != nil {
		order := *s.order
		v.Order = &order
	}
	for i := range v.People {
		p := &v.People[i]
		p.Online = s.online[p.Station]
		p.Barred = s.barred[p.IIN]
		v.Entry.count(*p)
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
		for i := range s.devices {
			s.devices[i].forget()
		}
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
		s.foldDetector(s.device(e.Device, KindDetector), e, at, &line)
	case exam.DoorRead:
		s.foldDoor(s.device(e.Device, KindDoor), e, at, &line)
	case exam.StationSaid:
		if err := s.foldSaid(e, at, &line); err != nil {
			return fmt.Errorf("record %d: %w", r.Seq, err)
		}
	case exam.CodeRefused:
		line.By = e.By
	case exam.ActDrawn:
		s.foldAct(e, r.Seq, at, &line)
	case exam.ActSigned:
		i := slices.IndexFunc(s.acts, func(a Act) bool { return a.Number == e.Number })
		if i < 0 {
			return fmt.Errorf("record %d: there is no act %s that could be signed", r.Seq, e.Number)
		}
		// A published view may share the old slice.
		s.acts[i].Signatures = append(slices.Clip(s.acts[i].Signatures), e)
		line.Event = "" // it stands beside the act
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
		s.foldDesk(e, said, at, line)
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
		p.foldExit(e.What, line.At)
	}
	if e.What == (exam.Opened{}).Kind() && e.Attempt != "" {
		for _, a := range s.bars(e.IIN) {
			s.tie(a.Number, e.Attempt)
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

func (s *state) foldDesk(e exam.StationSaid, said Saying, at time.Time, line *Line) {
	i := slices.IndexFunc(s.alarms, func(a Alarm) bool { return a.Record == said.Record && said.Record > 0 })
	line.Device, line.Word = said.Device, said.State
	switch e.What {
	case SaidGate:
		s.gate = e.IIN
		s.came(e.IIN, at)
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
	case SaidReader, SaidUPS:
		s.foldWord(e.What, said, at, line)
	case SaidStop, SaidGoOn:
		s.foldOrder(e.What, said, line)
	default:
		s.foldEntry(e, said, at, line)
	}
}

// tie notes that an act is told to an attempt.
func (s *state) tie(number, attempt string) {
	if !slices.Contains(s.ties[number], attempt) {
		// What is told once the disk has an act may share the old slice.
		s.ties[number] = append(slices.Clip(s.ties[number]), attempt)
	}
}

// tieDrawn notes to which attempts an act is told: to the one that it names, or, where it names nobody, to every attempt
// that is known and has not ended (R20). This place in the log decides, whenever the act is told again: what happened in the
// room then does not concern an attempt that began later.
func (s *state) tieDrawn(e exam.ActDrawn) {
	if e.IIN != "" {
		s.tie(e.Number, e.Fields[act.FieldAttempt])
		return
	}
	for _, p := range s.people {
		if p.Attempt != "" && !p.Phase.Ended() {
			s.tie(e.Number, p.Attempt)
		}
	}
	// Who was postponed by an act hears that it was taken back, although their attempt has ended since.
	for _, a := range s.acts {
		if a.IIN == "" && a.Number != e.Number && a.Number == e.Fields[act.FieldCorrects] {
			for _, attempt := range s.ties[a.Number] {
				s.tie(e.Number, attempt)
			}
		}
	}
}

func (s *state) foldAct(e exam.ActDrawn, record uint64, at time.Time, line *Line) {
	s.acts = append(s.acts, Act{ActDrawn: e, Record: record, At: at})
	s.tieDrawn(e)
	line.IIN, line.By, line.Detail = e.IIN, e.By, e.Number
	if e.IIN != "" && e.IIN == s.gate && slices.Contains(act.Effects(e), exam.EffectNotAdmitted) {
		s.gate = "" // the gate is free for the next one
	}
	for i := range s.alarms {
		if a := &s.alarms[i]; a.Record == e.Cause && e.Cause > 0 {
			a.Handled, a.By, a.Act = true, e.By, e.Number
			a.IIN = e.IIN
		}
	}
	for _, a := range s.acts {
		// An act that corrects another one may be about somebody else.
		if a.IIN == e.IIN || a.Number == e.Fields[act.FieldCorrects] {
			s.barred[a.IIN] = s.findBarred(a.IIN)
		}
	}
	if i, ok := s.index[e.IIN]; ok {
		// A published view may share the old slice.
		s.people[i].Acts = append(slices.Clip(s.people[i].Acts), e.Number)
	}
}
