package exam

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"github.com/fxamacker/cbor/v2"
)

// Event is something that happened, in the words of this package. Events are never changed once recorded; their kinds and
// field numbers are part of the log format.
type Event interface {
	// Kind is the event's name in the log.
	Kind() string
}

// Purpose says why a face was checked (R10).
type Purpose string

// The moments of R10.
const (
	PurposeLogin  Purpose = "login"
	PurposeResume Purpose = "resume" // the program started again in the middle
	PurposeLeave  Purpose = "leave"  // before going out of the room
	PurposeReturn Purpose = "return" // back from outside the room
	PurposeFinish Purpose = "finish"
)

// Verdict is the outcome of a face check.
type Verdict string

// The verdicts. Only VerdictRefused locks the station; what could not be judged is repeated or put before an administrator.
const (
	VerdictAccepted Verdict = "accepted"
	VerdictRefused  Verdict = "refused"
	VerdictUnsure   Verdict = "unsure"
)

// LockReason is the machine-readable cause of a lock.
type LockReason string

// The causes of a lock.
const (
	LockFace          LockReason = "face"          // a face check was refused
	LockRestart       LockReason = "restart"       // the program ended in the middle of the attempt
	LockAdministrator LockReason = "administrator" // an administrator locked the station
)

// HandInCause says why the work was handed in (R16).
type HandInCause string

// The causes of handing in.
const (
	ByCandidate HandInCause = "candidate"
	ByTime      HandInCause = "time"
)

// LimitKind names a limit that was gone over (R14).
type LimitKind string

// The limits of R14.
const (
	LimitLeaveTimes   LimitKind = "leave-times"
	LimitLeaveMinutes LimitKind = "leave-minutes"
)

// Effect is what follows from an act for an attempt (R20). The names are recorded and never change their meaning.
type Effect string

// The effects of R20. All but EffectLift stay in force until a further act lifts them.
const (
	EffectNotAdmitted Effect = "not-admitted" // acts 10, 11, 13: not admitted this year
	EffectRemoved     Effect = "removed"      // acts 12, 13: removed from the room, the result is not processed
	EffectVoid        Effect = "void"         // act 12-1: the result is void after a review
	EffectMoved       Effect = "moved"        // act 14: another seat
	EffectStopped     Effect = "stopped"      // acts 14, 15: the clock stands still until an administrator ends the suspension
	EffectPostponed   Effect = "postponed"    // act 15: another day (R12)
	EffectLift        Effect = "lift"         // takes back what followed from the act that is corrected
)

// AnnulmentBasis says on what a decision to annul rests (R26).
type AnnulmentBasis string

// The bases of R26.
const (
	AnnulledByAct        AnnulmentBasis = "act"
	AnnulledByCommission AnnulmentBasis = "commission"
	AnnulledByOrder      AnnulmentBasis = "order"
)

// Notified is who must hear of an annulment (R26).
type Notified string

// Who is told: clauses on act 12-1 and on the act after the exam name both.
const (
	NotifiedCandidate  Notified = "candidate"
	NotifiedUniversity Notified = "university"
)

// Deed is what every act of an administrator records: who, and why.
type Deed struct {
	By     string `cbor:"1,keyasint"`           // name of the administrator
	Reason string `cbor:"2,keyasint,omitempty"` // in the administrator's words
}

// ReleaseMeans says where the release key of a sealed package came from.
type ReleaseMeans string

// The means of release.
const (
	ReleaseTyped   ReleaseMeans = "typed"   // at the station, sign by sign
	ReleaseScanned ReleaseMeans = "scanned" // at the station, by a reader of QR codes
	ReleaseKept    ReleaseMeans = "kept"    // the station had kept it, and was started again in the middle (R11)
)

// Released says which sealed package lies open at a station, and how it came to be open; never the key. All of it is empty
// where the paper stood in the open, and in the logs of programs that did not record it.
type Released struct {
	Parcel     string       `cbor:"3,keyasint,omitempty"` // its id, a space, and SHA-256 of its content in hex
	Means      ReleaseMeans `cbor:"4,keyasint,omitempty"`
	ReleasedAt int64        `cbor:"5,keyasint,omitempty"` // by the station's date, Unix milliseconds
}

// Preferences are how a candidate wants the screen (R2).
type Preferences struct {
	Percent   int    `cbor:"1,keyasint"` // size of text, 100–200
	Theme     string `cbor:"2,keyasint"` // name of a set of colours, [a-z]{1,16}
	HideClock bool   `cbor:"3,keyasint"` // until the first of the profile's warnings
}

var themeName = regexp.MustCompile(`^[a-z]{1,16}$`)

// The events of an attempt. The comment of each says what happened; requirement numbers are those of the project's mission.
type (
	// Opened is the first event: the candidate entered an expected IIN at a seat (R9).
	Opened struct {
		Attempt   string    `cbor:"1,keyasint"` // UUID
		Session   string    `cbor:"2,keyasint"`
		Centre    string    `cbor:"3,keyasint"`
		Room      string    `cbor:"4,keyasint"`
		Station   string    `cbor:"5,keyasint"`
		Candidate Candidate `cbor:"6,keyasint"`
		Profile   []byte    `cbor:"7,keyasint"` // the profile's source
		Paper     string    `cbor:"8,keyasint"` // digest of the paper
		PaperID   string    `cbor:"9,keyasint"`
		Start     int64     `cbor:"10,keyasint"` // start of the session, Unix milliseconds
		Photo     []byte    `cbor:"11,keyasint"` // SHA-256 of the registered photo
		Warnings  []Warning `cbor:"12,keyasint,omitempty"`
		Variant   string    `cbor:"13,keyasint,omitempty"` // seed of the candidate's order of the paper; empty: the paper's own
		Parcel    string    `cbor:"14,keyasint,omitempty"` // id of the sealed package that the paper came in, and SHA-256 of its content
		Offset    int       `cbor:"15,keyasint,omitempty"` // of the centre's time from UTC, in seconds
	}
	// RunStarted marks a start of the program. From the second on, the candidate is asked for the face again (R10, R11).
	RunStarted struct {
		Software string `cbor:"1,keyasint"`
		Host     string `cbor:"2,keyasint"`
		Released
	}
	// LateAdmitted lets a candidate in who came after the limit (R3); a person decided.
	LateAdmitted struct{ Deed }
	// FaceChecked is one face check with its figures and its frame (R10).
	FaceChecked struct {
		Purpose           Purpose `cbor:"1,keyasint"`
		Verdict           Verdict `cbor:"2,keyasint"`
		Reason            string  `cbor:"3,keyasint"`
		Score             float64 `cbor:"4,keyasint"` // cosine similarity, −1–1
		Threshold         float64 `cbor:"5,keyasint"`
		Liveness          float64 `cbor:"6,keyasint"` // 0–1
		LivenessThreshold float64 `cbor:"7,keyasint"`
		Frames            int     `cbor:"8,keyasint"`            // frames judged
		Millis            int64   `cbor:"9,keyasint"`            // time to the verdict
		Frame             []byte  `cbor:"10,keyasint"`           // SHA-256 of the deciding frame (JPEG), kept beside the log
		Box               [4]int  `cbor:"11,keyasint"`           // face in the frame: x, y, width, height
		Camera            string  `cbor:"12,keyasint,omitempty"` // name of the source
		// The movements that were asked for, in their order, and how that ended: "done", or the reason of package identity.
		Asked     []string `cbor:"13,keyasint,omitempty"`
		Challenge string   `cbor:"14,keyasint,omitempty"`
	}
	// FaceUnavailable says that no check was possible, for example without a camera.
	FaceUnavailable struct {
		Purpose Purpose `cbor:"1,keyasint"`
		Reason  string  `cbor:"2,keyasint"`
	}
	// IdentifiedByDocument is an administrator's identification instead of a face check.
	IdentifiedByDocument struct {
		Deed
		Purpose Purpose        `cbor:"3,keyasint"`
		Ground  DocumentGround `cbor:"4,keyasint,omitempty"` // out of the list; the deed's reason adds the administrator's words
	}
	// Locked stops the attempt until it is unlocked.
	Locked struct {
		Cause   LockReason `cbor:"1,keyasint"`
		Purpose Purpose    `cbor:"2,keyasint,omitempty"`
		By      string     `cbor:"3,keyasint,omitempty"`
		Reason  string     `cbor:"4,keyasint,omitempty"`
	}
	// Unlocked releases a lock.
	Unlocked struct{ Deed }
	// DataConfirmed, RulesRead, Confirmed and Entered are the candidate's steps to the start (R9).
	DataConfirmed struct{}
	// RulesRead is the second step of R9.
	RulesRead struct{}
	// Confirmed is the third step of R9.
	Confirmed struct{}
	// Entered is «Войти»: the clock starts (R9).
	Entered struct{}
	// ItemShown says which item the candidate turned to.
	ItemShown struct {
		Item string `cbor:"1,keyasint"`
	}
	// Edited is one change of a text response, in runes (R11).
	Edited struct {
		Item     string `cbor:"1,keyasint"`
		Position int    `cbor:"2,keyasint"`
		Removed  int    `cbor:"3,keyasint,omitempty"`
		Inserted string `cbor:"4,keyasint,omitempty"`
	}
	// Chosen is the set of options that is marked now (R11).
	Chosen struct {
		Item    string   `cbor:"1,keyasint"`
		Options []string `cbor:"2,keyasint"`
	}
	// Flagged marks an item for a second look, or takes the mark away.
	Flagged struct {
		Item string `cbor:"1,keyasint"`
		On   bool   `cbor:"2,keyasint"`
	}
	// OptionStruck strikes an option out on the way to an answer, or takes that back.
	OptionStruck struct {
		Item   string `cbor:"1,keyasint"`
		Option string `cbor:"2,keyasint"`
		On     bool   `cbor:"3,keyasint"`
	}
	// Highlighted marks a part of a passage in runes of content.Plain in the exam language, or takes marks away.
	Highlighted struct {
		Passage string `cbor:"1,keyasint"`
		From    int    `cbor:"2,keyasint"`
		To      int    `cbor:"3,keyasint"`
		On      bool   `cbor:"4,keyasint"`
	}
	// SoundStarted says that a sound began, or went on after it had been held up.
	SoundStarted struct {
		Medium string `cbor:"1,keyasint"`
	}
	// SoundHeard says how far it has been heard.
	SoundHeard struct {
		Medium string `cbor:"1,keyasint"`
		Millis int64  `cbor:"2,keyasint"`
		Ended  bool   `cbor:"3,keyasint"`
	}
	// Preferred is how the candidate wants the screen from now on (R2).
	Preferred struct{ Preferences }
	// AdministratorCalled is the candidate's call for help.
	AdministratorCalled struct {
		Topic string `cbor:"1,keyasint"`
	}
	// AppealedTechnically says that a fragment of an item is missing (R15).
	AppealedTechnically struct {
		Item string `cbor:"1,keyasint"`
		Text string `cbor:"2,keyasint"`
	}
	// AppealedContent disputes a machine-marked item after the end, on one of four grounds (R15).
	AppealedContent struct {
		Item   string `cbor:"1,keyasint"`
		Ground int    `cbor:"2,keyasint"` // 1–4, clause on content appeals
		Text   string `cbor:"3,keyasint"`
	}
	// LeavePermitted lets the candidate go out with an escort, after a face check (R10, R14).
	LeavePermitted struct {
		Deed
		Escort string `cbor:"3,keyasint,omitempty"`
	}
	// LeaveCancelled says that the candidate stays after all.
	LeaveCancelled struct{}
	// LeftRoom begins an absence (R14).
	LeftRoom struct{}
	// ReturnedToRoom ends an absence (R14).
	ReturnedToRoom struct {
		Millis int64 `cbor:"1,keyasint"` // how long it was
	}
	// LimitExceeded puts an absence before the administrator as a proposed act (R14).
	LimitExceeded struct {
		Limit LimitKind `cbor:"1,keyasint"`
	}
	// Suspended stops the exam by an administrator's decision; it costs no time (R6). One by an order of the room may stand
	// where the exam is suspended already: the order is obeyed with that.
	Suspended struct {
		Deed
		// Number of the room's order that is obeyed; 0: decided on at the station, by an act, or an order without a number.
		Order uint64 `cbor:"3,keyasint,omitempty"`
	}
	// SuspensionEnded lets the exam go on.
	SuspensionEnded struct{ Deed }
	// ExtraGranted is extra time for a candidate with an impairment (R2).
	ExtraGranted struct {
		Deed
		Minutes  int    `cbor:"3,keyasint"`
		Document string `cbor:"4,keyasint"`
	}
	// HelperRecorded puts an assistant or a sign-language specialist on record (R2).
	HelperRecorded struct {
		Deed
		Name string `cbor:"3,keyasint"`
	}
	// CodeRefused is a wrong administrator's code.
	CodeRefused struct {
		By string `cbor:"1,keyasint"`
	}
	// FocusChanged says that the exam window lost the keyboard, or has it again (R17).
	FocusChanged struct {
		Lost bool `cbor:"1,keyasint"`
	}
	// Ticked keeps the used time when nothing else happens (R6).
	Ticked struct{}
	// HandedIn ends the answering: everything that is there counts (R16).
	HandedIn struct {
		Cause HandInCause `cbor:"1,keyasint"`
	}
	// Scored is the machine's marking (R4).
	Scored struct {
		Points int  `cbor:"1,keyasint"`
		Most   int  `cbor:"2,keyasint"`
		Passed bool `cbor:"3,keyasint"`
		// By block, in the candidate's order, where the paper has several.
		Blocks []BlockScore `cbor:"4,keyasint,omitempty"`
	}
	// Closed is the regular end, after the last face check.
	Closed struct{}
	// Postponed moves the exam to another day: these answers are not kept for the new attempt (R12, act 15).
	Postponed struct {
		Deed
		Act string `cbor:"3,keyasint"`
	}
	// Withdrawn ends an attempt before its clock has started (a wrong IIN was typed, or the candidate is not admitted), or
	// after the candidate was removed by an act (R20).
	Withdrawn struct{ Deed }
	// ActTied is an act drawn up about this candidate (R18); the act itself lies in the room's log.
	ActTied struct {
		Number string `cbor:"1,keyasint"`
		Form   string `cbor:"2,keyasint"`
		By     string `cbor:"3,keyasint"`
		Digest []byte `cbor:"4,keyasint"` // SHA-256 of the printed act
		// What follows from the act for this attempt (R20), in the order in which it is recorded.
		Effects  []Effect `cbor:"5,keyasint,omitempty"`
		Seat     string   `cbor:"6,keyasint,omitempty"` // the new one, with EffectMoved
		Corrects string   `cbor:"7,keyasint,omitempty"` // number of the act that this one corrects
	}
)

// The events of a room's log (R21); those about one candidate carry the attempt or the IIN.
type (
	// RoomOpened is the first event of a room's log.
	RoomOpened struct {
		Session string `cbor:"1,keyasint"`
		Centre  string `cbor:"2,keyasint"`
		Room    string `cbor:"3,keyasint"`
	}
	// DetectorRead is a changed reading of a metal detector. Unknown is never "clear".
	DetectorRead struct {
		Device string `cbor:"1,keyasint"`
		Known  bool   `cbor:"2,keyasint"`
		Reason string `cbor:"3,keyasint,omitempty"` // why it is unknown
		Active bool   `cbor:"4,keyasint,omitempty"`
		Count  uint32 `cbor:"5,keyasint,omitempty"` // of the device's own counter
		Alarms uint32 `cbor:"6,keyasint,omitempty"` // new since the last reading
	}
	// DoorRead is a changed reading of a door contact. Unknown is never "closed".
	DoorRead struct {
		Device string `cbor:"1,keyasint"`
		Known  bool   `cbor:"2,keyasint"`
		Reason string `cbor:"3,keyasint,omitempty"`
		Open   bool   `cbor:"4,keyasint,omitempty"`
	}
	// StationSaid is a notice of a station that concerns the administrators.
	StationSaid struct {
		Station string `cbor:"1,keyasint"`
		Attempt string `cbor:"2,keyasint"`
		IIN     string `cbor:"3,keyasint"`
		What    string `cbor:"4,keyasint"` // kind of the attempt's event
		Detail  string `cbor:"5,keyasint,omitempty"`
	}
	// ActDrawn is an act, complete: from here on it is immutable (R19).
	ActDrawn struct {
		Number string            `cbor:"1,keyasint"`
		Form   string            `cbor:"2,keyasint"`
		By     string            `cbor:"3,keyasint"`
		IIN    string            `cbor:"4,keyasint"`
		Cause  uint64            `cbor:"5,keyasint,omitempty"` // the record of this log that it answers
		Fields map[string]string `cbor:"6,keyasint"`
		Digest []byte            `cbor:"7,keyasint"` // SHA-256 of the printed act, kept beside the log
	}
)

// The events that follow from acts, in the log of an attempt (R20, R26), and the signatures under acts, in a room's log.
type (
	// ConsequenceApplied puts an effect of an act in force. It stands behind ActTied, and behind the Locked, Suspended or
	// Postponed that the effect brings with it.
	ConsequenceApplied struct {
		Act    string `cbor:"1,keyasint"` // number
		Form   string `cbor:"2,keyasint"`
		Effect Effect `cbor:"3,keyasint"`
		By     string `cbor:"4,keyasint"`           // who signed the act
		Seat   string `cbor:"5,keyasint,omitempty"` // the new one, with EffectMoved
	}
	// ConsequenceLifted takes back everything that followed from an act, by an act that corrects it (R19).
	ConsequenceLifted struct {
		Act  string `cbor:"1,keyasint"` // number of the correcting act
		Of   string `cbor:"2,keyasint"` // number of the corrected one
		Form string `cbor:"3,keyasint"` // of the correcting act
		By   string `cbor:"4,keyasint"`
	}
	// Annulled is a decision after which the result is void (R26).
	Annulled struct {
		Deed
		Basis    AnnulmentBasis `cbor:"3,keyasint"`
		Document string         `cbor:"4,keyasint"` // number of the act, the minutes or the order, with its date
	}
	// AnnulmentNotified says that somebody was told of the annulment (R26).
	AnnulmentNotified struct {
		By    string   `cbor:"1,keyasint"` // who told
		Whom  Notified `cbor:"2,keyasint"`
		Means string   `cbor:"3,keyasint"` // how: a letter with its number, the personal account
	}
	// ActSigned is an electronic signature under a printed act, in a room's log (R19): a detached CMS SignedData over the
	// PDF, which lies beside the log as its blob does.
	ActSigned struct {
		Number      string `cbor:"1,keyasint"` // of the act
		Digest      []byte `cbor:"2,keyasint"` // SHA-256 of the PDF that was signed
		Signature   []byte `cbor:"3,keyasint"` // SHA-256 of the CMS, in DER
		Role        string `cbor:"4,keyasint"` // id of a line of signature of the form
		Signer      string `cbor:"5,keyasint"` // subject of the certificate, RFC 4514
		Certificate []byte `cbor:"6,keyasint"` // SHA-256 of the certificate, in DER
		At          int64  `cbor:"7,keyasint"` // signing time in the signature, Unix milliseconds
	}
)

// What the camera shows while somebody works, in the log of an attempt (R10, R17). None of these changes what the candidate
// can do.
type (
	// PresenceChanged says that the camera shows something else than before, after that has lasted.
	PresenceChanged struct {
		From   Presence `cbor:"1,keyasint"`
		To     Presence `cbor:"2,keyasint"`
		Held   int64    `cbor:"3,keyasint"` // how long it had lasted when it was told, in milliseconds
		Faces  int      `cbor:"4,keyasint"` // in the picture that made it sure
		Score  float64  `cbor:"5,keyasint"` // cosine similarity with the registered photo, 0 where nothing was compared
		Camera string   `cbor:"6,keyasint,omitempty"`
		Detail string   `cbor:"7,keyasint,omitempty"` // state of the camera where it gives no pictures, at most MaxDetail bytes
		Frame  []byte   `cbor:"8,keyasint,omitempty"` // SHA-256 of the picture that made it sure (JPEG), kept beside the log
	}
	// PresenceSeen is one more picture of the time around a PresenceChanged.
	PresenceSeen struct {
		Of     Presence `cbor:"1,keyasint"`           // To of that event
		Offset int64    `cbor:"2,keyasint"`           // milliseconds from the picture that made it sure; negative: before
		Camera string   `cbor:"3,keyasint,omitempty"` // name of the source: the one at the front or the one over the desk
		Frame  []byte   `cbor:"4,keyasint"`           // SHA-256 of the picture (JPEG), kept beside the log
	}
)

// BlockScore is the machine's marking of a block.
type BlockScore struct {
	Block   string `cbor:"1,keyasint"`
	Points  int    `cbor:"2,keyasint"`
	Most    int    `cbor:"3,keyasint"`
	Minimum int    `cbor:"4,keyasint,omitempty"` // that the profile asks for
}

// The events of an exam in stages, and of appeals against the marks that people gave (R5, R24).
type (
	// StageEnded ends a stage that is not the last, and begins the next.
	StageEnded struct {
		Stage string      `cbor:"1,keyasint"`
		Cause HandInCause `cbor:"2,keyasint"`
	}
	// AppealOpened begins the session in which the candidate sees their own work (R24).
	AppealOpened struct {
		Deed
		Outside bool `cbor:"3,keyasint,omitempty"` // outside the profile's hours, by the administrator's decision
	}
	// AppealedWork disputes what a person marked.
	AppealedWork struct {
		Item string `cbor:"1,keyasint"`
		Text string `cbor:"2,keyasint"`
	}
	// AppealClosed ends that session.
	AppealClosed struct {
		Cause HandInCause `cbor:"1,keyasint"`
	}
)

// ThemeChosen is the candidate's choice among the themes of an item that is answered by a text (R1, R11). What is written
// already stays.
type ThemeChosen struct {
	Item     string `cbor:"1,keyasint"`
	Theme    string `cbor:"2,keyasint"`
	Previous string `cbor:"3,keyasint,omitempty"` // what was chosen before; empty: nothing
}

// The two places that keep a log, as StorageChanged names them.
const (
	StorageFirst  = "first"
	StorageSecond = "second" // another disk or a stick
)

// The states of such a place.
const (
	StorageOnline      = "online"      // it takes every record
	StorageFailed      = "failed"      // writing or syncing failed; it takes nothing more
	StorageAbsent      = "absent"      // it is not there
	StorageRebuilt     = "rebuilt"     // made anew from the other place
	StorageSpaceShort  = "space-short" // its reserve of space has been given up
	StorageQuarantined = "quarantined" // its damaged file was set aside
)

// The kinds of logs, as Purged names them.
const (
	LogOfAttempt = "attempt"
	LogOfRoom    = "room"
)

// The events about logs themselves: where they are kept, how far others have seen them, and their end.
type (
	// StorageChanged says what happened to a place that keeps this log, of an attempt or of a room. It changes nothing of
	// the attempt, and it may stand anywhere after Opened (R11).
	StorageChanged struct {
		Place  string `cbor:"1,keyasint"`           // StorageFirst or StorageSecond
		State  string `cbor:"2,keyasint"`           // StorageOnline and so on
		Detail string `cbor:"3,keyasint,omitempty"` // what the operating system said, at most MaxDetail bytes
	}
	// CheckpointHeard stands in a room's log: a station told the room how far its log goes, signed. What the room has heard
	// cannot be taken back with the station's key alone (R22).
	CheckpointHeard struct {
		Station string `cbor:"1,keyasint"`
		Attempt string `cbor:"2,keyasint"`
		Size    uint64 `cbor:"3,keyasint"` // leaves of the log's tree
		Root    []byte `cbor:"4,keyasint"` // RFC 6962 hash of the tree, 32 bytes
		Note    string `cbor:"5,keyasint"` // the signed note itself (C2SP tlog-checkpoint)
	}
	// PurgeLogOpened is the first event of the log of destructions, which is a journal of its own (R27).
	PurgeLogOpened struct {
		Name string `cbor:"1,keyasint"` // whose log of destructions it is
	}
	// Purged says that a log was destroyed because its time was over (R22, R27). Size and root still tell whether a copy
	// that turns up somewhere is that log.
	Purged struct {
		Log      string `cbor:"1,keyasint"` // id of the destroyed log
		LogKind  string `cbor:"2,keyasint"` // LogOfAttempt or LogOfRoom
		Session  string `cbor:"3,keyasint"`
		Size     uint64 `cbor:"4,keyasint"` // leaves of its tree
		Root     []byte `cbor:"5,keyasint"` // RFC 6962 hash of the tree, 32 bytes
		Ended    int64  `cbor:"6,keyasint"` // date of its last record, Unix milliseconds
		KeepDays int    `cbor:"7,keyasint"` // how long it had to be kept after that
		By       string `cbor:"8,keyasint"` // who destroyed it
		Files    int    `cbor:"9,keyasint"` // how many files were removed
	}
)

// Kind implements Event; the names are part of the log format.
func (Opened) Kind() string               { return "opened" }
func (RunStarted) Kind() string           { return "run.started" }
func (LateAdmitted) Kind() string         { return "late.admitted" }
func (FaceChecked) Kind() string          { return "face.checked" }
func (FaceUnavailable) Kind() string      { return "face.unavailable" }
func (IdentifiedByDocument) Kind() string { return "identified.document" }
func (Locked) Kind() string               { return "locked" }
func (Unlocked) Kind() string             { return "unlocked" }
func (DataConfirmed) Kind() string        { return "data.confirmed" }
func (RulesRead) Kind() string            { return "rules.read" }
func (Confirmed) Kind() string            { return "confirmed" }
func (Entered) Kind() string              { return "entered" }
func (ItemShown) Kind() string            { return "item.shown" }
func (Edited) Kind() string               { return "edited" }
func (Chosen) Kind() string               { return "chosen" }
func (Flagged) Kind() string              { return "flagged" }
func (OptionStruck) Kind() string         { return "option.struck" }
func (Highlighted) Kind() string          { return "highlighted" }
func (SoundStarted) Kind() string         { return "sound.started" }
func (SoundHeard) Kind() string           { return "sound.heard" }
func (Preferred) Kind() string            { return "preferred" }
func (AdministratorCalled) Kind() string  { return "administrator.called" }
func (AppealedTechnically) Kind() string  { return "appeal.technical" }
func (AppealedContent) Kind() string      { return "appeal.content" }
func (LeavePermitted) Kind() string       { return "leave.permitted" }
func (LeaveCancelled) Kind() string       { return "leave.cancelled" }
func (LeftRoom) Kind() string             { return "left" }
func (ReturnedToRoom) Kind() string       { return "returned" }
func (LimitExceeded) Kind() string        { return "limit.exceeded" }
func (Suspended) Kind() string            { return "suspended" }
func (SuspensionEnded) Kind() string      { return "suspension.ended" }
func (ExtraGranted) Kind() string         { return "extra.granted" }
func (HelperRecorded) Kind() string       { return "helper.recorded" }
func (CodeRefused) Kind() string          { return "code.refused" }
func (FocusChanged) Kind() string         { return "focus.changed" }
func (Ticked) Kind() string               { return "ticked" }
func (HandedIn) Kind() string             { return "handed.in" }
func (Scored) Kind() string               { return "scored" }
func (Closed) Kind() string               { return "closed" }
func (Postponed) Kind() string            { return "postponed" }
func (Withdrawn) Kind() string            { return "withdrawn" }
func (ActTied) Kind() string              { return "act.tied" }
func (RoomOpened) Kind() string           { return "room.opened" }
func (DetectorRead) Kind() string         { return "detector" }
func (DoorRead) Kind() string             { return "door" }
func (StationSaid) Kind() string          { return "station" }
func (ActDrawn) Kind() string             { return "act.drawn" }
func (StorageChanged) Kind() string       { return "storage.changed" }
func (CheckpointHeard) Kind() string      { return "checkpoint.heard" }
func (PurgeLogOpened) Kind() string       { return "purge.log.opened" }
func (Purged) Kind() string               { return "purged" }
func (ConsequenceApplied) Kind() string   { return "consequence" }
func (ConsequenceLifted) Kind() string    { return "consequence.lifted" }
func (Annulled) Kind() string             { return "annulled" }
func (AnnulmentNotified) Kind() string    { return "annulment.notified" }
func (ActSigned) Kind() string            { return "act.signed" }
func (PresenceChanged) Kind() string      { return "presence.changed" }
func (PresenceSeen) Kind() string         { return "presence.seen" }
func (StageEnded) Kind() string           { return "stage.ended" }
func (AppealOpened) Kind() string         { return "appeal.opened" }
func (AppealedWork) Kind() string         { return "appeal.work" }
func (AppealClosed) Kind() string         { return "appeal.closed" }
func (ThemeChosen) Kind() string          { return "theme.chosen" }

// Vocabulary returns a zero value of every event, in the order of this file.
func Vocabulary() []Event {
	return []Event{
		Opened{},
		RunStarted{},
		LateAdmitted{},
		FaceChecked{},
		FaceUnavailable{},
		IdentifiedByDocument{},
		Locked{},
		Unlocked{},
		DataConfirmed{},
		RulesRead{},
		Confirmed{},
		Entered{},
		ItemShown{},
		Edited{},
		Chosen{},
		Flagged{},
		OptionStruck{},
		Highlighted{},
		SoundStarted{},
		SoundHeard{},
		Preferred{},
		AdministratorCalled{},
		AppealedTechnically{},
		AppealedContent{},
		LeavePermitted{},
		LeaveCancelled{},
		LeftRoom{},
		ReturnedToRoom{},
		LimitExceeded{},
		Suspended{},
		SuspensionEnded{},
		ExtraGranted{},
		HelperRecorded{},
		CodeRefused{},
		FocusChanged{},
		Ticked{},
		HandedIn{},
		Scored{},
		Closed{},
		Postponed{},
		Withdrawn{},
		ActTied{},
		RoomOpened{},
		DetectorRead{},
		DoorRead{},
		StationSaid{},
		ActDrawn{},
		StorageChanged{},
		CheckpointHeard{},
		PurgeLogOpened{},
		Purged{},
		ConsequenceApplied{},
		ConsequenceLifted{},
		Annulled{},
		AnnulmentNotified{},
		ActSigned{},
		PresenceChanged{},
		PresenceSeen{},
		StageEnded{},
		AppealOpened{},
		AppealedWork{},
		AppealClosed{},
		ThemeChosen{},
	}
}

// Recorded is an event with its place in a log.
type Recorded struct {
	Seq   uint64 // from 1, without gaps
	Stamp Stamp
	Event Event
}

type wireRecord struct {
	Seq  uint64          `cbor:"1,keyasint"`
	Wall int64           `cbor:"2,keyasint"`
	Run  uint32          `cbor:"3,keyasint"`
	Mono int64           `cbor:"4,keyasint"`
	Kind string          `cbor:"5,keyasint"`
	Body cbor.RawMessage `cbor:"6,keyasint"`
}

// ErrRecord is wrapped by every error of DecodeRecord.
var ErrRecord = errors.New("not a record of this log format")

var (
	encoding = must(cbor.CoreDetEncOptions().EncMode())
	decoding = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 8, MaxArrayElements: 4096, MaxMapPairs: 4096,
	}.DecMode())
	kinds = func() map[string]reflect.Type {
		m := make(map[string]reflect.Type)
		for _, e := range Vocabulary() {
			m[e.Kind()] = reflect.TypeOf(e)
		}
		return m
	}()
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// EncodeRecord returns the record in deterministic CBOR (RFC 8949 §4.2.1): equal records have equal bytes.
func EncodeRecord(r Recorded) ([]byte, error) {
	body, err := encoding.Marshal(r.Event)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", r.Event.Kind(), err)
	}
	return encoding.Marshal(wireRecord{Seq: r.Seq, Wall: r.Stamp.Wall, Run: r.Stamp.Run, Mono: r.Stamp.Mono, Kind: r.Event.Kind(), Body: body})
}

// DecodeRecord reads a record. Unknown kinds, unknown fields, trailing bytes and any encoding that EncodeRecord would not
// write are errors that wrap ErrRecord: a log that this program does not wholly understand must not be folded half.
func DecodeRecord(data []byte) (Recorded, error) {
	var w wireRecord
	if err := decoding.Unmarshal(data, &w); err != nil {
		return Recorded{}, fmt.Errorf("%w: %v", ErrRecord, err)
	}
	t, ok := kinds[w.Kind]
	if !ok {
		return Recorded{}, fmt.Errorf("%w: unknown kind %q", ErrRecord, w.Kind)
	}
	v := reflect.New(t)
	if err := decoding.Unmarshal(w.Body, v.Interface()); err != nil {
		return Recorded{}, fmt.Errorf("%w: %s: %v", ErrRecord, w.Kind, err)
	}
	r := Recorded{
		Seq:   w.Seq,
		Stamp: Stamp{Wall: w.Wall, Run: w.Run, Mono: w.Mono},
		Event: v.Elem().Interface().(Event),
	}
	if again, err := EncodeRecord(r); err != nil || !bytes.Equal(again, data) {
		return Recorded{}, fmt.Errorf("%w: %s is not in its one encoding", ErrRecord, w.Kind)
	}
	return r, nil
}
