package station

import (
	"encoding/json"
	"os"
	"time"
)

// witness writes what the window shows to a diagnostics file, one JSON object a line, without names, numbers or answers.
// Scripts that drive the window wait for these lines; a line is written before the picture that it tells of, so that
// whatever a person saw as saved is in the file.
type witness struct {
	file   *os.File
	phases []phase // of the start, until they have been told
}

// phase is a part of the program's start that has come to its end.
type phase struct {
	Name   string `json:"name"`
	Micros int64  `json:"us"` // Unix time of its end
}

// The phases of the start, in their order. The last ends when the toolkit is about to paint for the first time.
const (
	phaseProcess = "process"              // the kernel, the libraries, the tables of the program
	phaseToolkit = "toolkit"              // theme, fonts and an empty window
	phaseSession = "session"              // session, profile, paper and photos are read and checked
	phaseFolder  = "keys and data folder" //
	phaseJournal = "journal"              // attempts that were begun here
	phaseScreen  = "screen"               // the first screen is laid out
	phaseWindow  = "window"               // the window is on the display
)

// reach notes that a phase of the start has ended; the lines tell of all phases at once when the last one has.
func (w *witness) reach(name string, at time.Time) {
	if w.looks() {
		w.phases = append(w.phases, phase{name, at.UnixMicro()})
	}
}

// sight is one line of the file.
type sight struct {
	Millis   int64  `json:"ms"`                   // Unix time
	Screen   string `json:"screen"`               //
	Sheet    string `json:"sheet,omitempty"`      // what lies over it
	Action   string `json:"action,omitempty"`     // what the administrator's sheet would do
	Lang     string `json:"lang"`                 //
	Item     string `json:"item,omitempty"`       // shown
	Runes    int    `json:"runes"`                // in all text answers
	Chosen   int    `json:"chosen"`               // items with a marked option
	Theme    string `json:"theme,omitempty"`      // of the task: "open" where one is to be chosen, "chosen" where the text can be written
	Saved    bool   `json:"saved"`                // what the screen says
	Records  uint64 `json:"records"`              // on the disk
	UsedMS   int64  `json:"used_ms"`              //
	Remains  string `json:"remains,omitempty"`    // what the clock shows
	Face     string `json:"face,omitempty"`       // reason or hint of the face check
	Camera   bool   `json:"camera,omitempty"`     // its picture is on the screen
	Score    string `json:"score,omitempty"`      //
	Says     string `json:"says,omitempty"`       // the sentence beside the camera's picture
	Doubted  int    `json:"doubted,omitempty"`    // face checks of this screen that came to nothing
	Trouble  string `json:"trouble,omitempty"`    // code of a problem that is shown
	Startup  int64  `json:"startup_ms,omitempty"` // from the process's start to the first picture
	Finished string `json:"finished,omitempty"`   // result, where one is shown

	Phases []phase `json:"phases,omitempty"` // of the start
}

func openWitness(path string) (*witness, error) {
	if path == "" {
		return &witness{}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &witness{file: f}, nil
}

// looks reports whether anybody wants to know.
func (w *witness) looks() bool { return w.file != nil }

func (w *witness) see(s sight) {
	if !w.looks() {
		return
	}
	s.Millis = time.Now().UnixMilli()
	if n := len(w.phases); n > 0 && w.phases[n-1].Name == phaseWindow {
		s.Phases, w.phases = w.phases, nil
	}
	line, err := json.Marshal(s)
	if err != nil {
		return
	}
	// The exam must not suffer from a full diagnostics disk.
	_, _ = w.file.Write(append(line, '\n'))
}
