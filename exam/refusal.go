package exam

// Refusal is a "no" with a machine code. The code names the sentence that a person is shown ("refusal.CODE" in the locale
// files), so that every refusal can be said in three languages.
type Refusal struct{ Code string }

func (r *Refusal) Error() string { return "refused: " + r.Code }

func refuse(code string) *Refusal { return &Refusal{Code: code} }

// Refusals because of the state in which an attempt is.
var (
	ErrPhase       = refuse("phase")        // the command does not belong to this phase
	ErrNotRunning  = refuse("not-running")  // the candidate is away, or the station is locked or suspended
	ErrTimeUp      = refuse("time-up")      // the allowance is used
	ErrHandedIn    = refuse("handed-in")    // the work is handed in, nothing can be changed (R16)
	ErrAlready     = refuse("already")      // what is asked for is so already
	ErrClock       = refuse("clock")        // the stamp lies before the last event of the same run
	ErrLate        = refuse("late")         // more than the allowed minutes after the start (R3)
	ErrEnded       = refuse("ended")        // this candidate's attempt in this session is over
	ErrNeedsFace   = refuse("needs-face")   // a face check, or an administrator's identification, must come first (R10)
	ErrWindowOver  = refuse("window-over")  // the time for an appeal is over (R15)
	ErrNoAppeal    = refuse("no-appeal")    // this kind of appeal is not open for this item or exam (R15)
	ErrNoRestart   = refuse("no-restart")   // the attempt has ended, so no run can begin in it
	ErrStage       = refuse("stage")        // the item or the command belongs to a stage that is over or has not begun, or no stage follows (R5)
	ErrNotExpected = refuse("not-expected") // the IIN is not on the list of this session (R9)

	ErrSealed       = refuse("sealed")        // the exam's package has not been opened
	ErrAppealWindow = refuse("appeal-window") // the hours of the appeal session have not come or are over (R24)

	ErrBarred       = refuse("barred")        // by an act the candidate is not admitted, or was removed (R20)
	ErrNotProcessed = refuse("not-processed") // by an act or a decision the result is not processed, or is void (R20, R26)
	ErrNotAnnulled  = refuse("not-annulled")  // nobody is told of an annulment that was not decided (R26)
)

// Refusals because of what a command contains.
var (
	ErrNoItem     = refuse("no-item")     // the paper has no such item
	ErrItemKind   = refuse("item-kind")   // this response does not fit the item
	ErrNoOption   = refuse("no-option")   // the item has no such option, or it takes one only
	ErrStruck     = refuse("struck")      // an option cannot be struck out and marked at once
	ErrNoTheme    = refuse("no-theme")    // a theme must be chosen before the first character is written
	ErrPlays      = refuse("plays")       // the sound has been heard as often as it may be
	ErrTooMany    = refuse("too-many")    // more highlights in one passage than MaxHighlights
	ErrPreference = refuse("preference")  // a text size outside 100–200 %, or a theme that cannot be one
	ErrEdit       = refuse("edit")        // the edit lies outside the text or changes nothing
	ErrCharacter  = refuse("character")   // a control character or broken UTF-8
	ErrTooLong    = refuse("too-long")    // the response would exceed MaxResponse
	ErrReason     = refuse("reason")      // a reason is missing
	ErrName       = refuse("name")        // the administrator's name is missing
	ErrMinutes    = refuse("minutes")     // extra time outside the profile's range (R2)
	ErrDocument   = refuse("document")    // the document for extra time is missing (R2)
	ErrGround     = refuse("ground")      // the ground of a content appeal is not 1–4 (R15)
	ErrFaceReport = refuse("face-report") // a face check without purpose or verdict
	ErrEffect     = refuse("effect")      // an act with an unknown effect, one without a seat, or a lift of nothing (R20)
)
