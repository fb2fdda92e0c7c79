package main

import (
	"fmt"
	"path/filepath"
)

func (p *play) startConsole() (err error) {
	p.console, err = startProgram(p.desk, p.log, p.path("proctor.witness"), p.bin("proctor"),
		"--session", p.path("room", "session.toml"), "--data", p.path("desk"), "--devices", p.path("room", "devices.toml"),
		"--room", p.path("room.sock"), "--witness", p.path("proctor.witness"), "--lang", "kk")
	return err
}

// shows waits until the administrators' window shows all of the fields.
func (p *play) shows(fields map[string]any) (map[string]any, error) {
	return p.console.await(fmt.Sprint(fields), func(m map[string]any) bool {
		for k, v := range fields {
			if fmt.Sprint(m[k]) != fmt.Sprint(v) {
				return false
			}
		}
		return true
	})
}

// door plays the entry: a candidate in the gate, an alarm, act 10.
func (p *play) door() error {
	// R21: the first word of each device is its whole state.
	if _, err := p.shows(map[string]any{"detector": "clear", "door": "closed", "focus": "search"}); err != nil {
		return err
	}
	for range 3 {
		lang := fmt.Sprint(p.console.last["lang"])
		if err := p.album.add(p.desk, "proctor-"+lang); err != nil {
			return err
		}
		if err := p.desk.keys("F9"); err != nil {
			return err
		}
		if _, err := p.console.await("another language", func(m map[string]any) bool { return m["lang"] != lang }); err != nil {
			return err
		}
	}
	if err := p.desk.write("4"); err != nil {
		return err
	}
	if err := p.desk.keys("Return"); err != nil {
		return err
	}
	if _, err := p.shows(map[string]any{"gate": "4"}); err != nil {
		return err
	}
	if err := p.device("detector alarm"); err != nil {
		return err
	}
	if _, err := p.shows(map[string]any{"unhandled": 1}); err != nil {
		return err
	}
	if err := p.device("door open"); err != nil {
		return err
	}
	if _, err := p.shows(map[string]any{"door": "open"}); err != nil {
		return err
	}
	if err := p.album.add(p.desk, "proctor-alarm"); err != nil {
		return err
	}
	if err := p.device("door close"); err != nil {
		return err
	}
	if _, err := p.shows(map[string]any{"door": "closed"}); err != nil {
		return err
	}
	return p.drawUp("F3", "act-10", "headph")
}

// acts plays act 13 for the man who came back in another's place, and act 12 for a candidate who talked.
func (p *play) acts() error {
	m, err := p.shows(map[string]any{"unhandled": 1, "dialog": ""})
	if err != nil {
		return err
	}
	p.out.Alarms = number(m, "alarms")
	if err := p.album.add(p.desk, "proctor-impostor"); err != nil {
		return err
	}
	if err := p.drawUp("F3", "act-13"); err != nil {
		return err
	}
	if err := p.desk.write("3"); err != nil {
		return err
	}
	if err := p.desk.keys("Return"); err != nil {
		return err
	}
	return p.drawUp("F2", "act-12", "3")
}

// drawUp opens the dialog of an act, picks what is asked for in the first fields, signs, and closes it.
func (p *play) drawUp(key, dialog string, picks ...string) error {
	if err := p.desk.keys(key); err != nil {
		return err
	}
	if _, err := p.shows(map[string]any{"dialog": dialog}); err != nil {
		return err
	}
	for i, pick := range picks {
		if err := p.desk.write(pick); err != nil {
			return err
		}
		if err := p.desk.keys("Return"); err != nil {
			return err
		}
		if i+1 < len(picks) {
			if _, err := p.console.await("the next field", func(m map[string]any) bool { return m["focus"] != "candidate" }); err != nil {
				return err
			}
		}
	}
	for p.console.last["focus"] != "code" {
		was := p.console.last["focus"]
		step := []string{"Tab"}
		if was == "administrator" {
			step = []string{"Down", "Return"}
		}
		if err := p.desk.keys(step...); err != nil {
			return err
		}
		if _, err := p.console.await("the next field", func(m map[string]any) bool { return m["focus"] != was }); err != nil {
			return err
		}
	}
	if err := p.desk.write(demoCode); err != nil {
		return err
	}
	if err := p.album.add(p.desk, "proctor-"+dialog); err != nil {
		return err
	}
	if err := p.desk.keys("Return"); err != nil {
		return err
	}
	if _, err := p.shows(map[string]any{"dialog": "done"}); err != nil {
		return err
	}
	if err := p.album.add(p.desk, "proctor-"+dialog+"-done"); err != nil {
		return err
	}
	if err := p.desk.keys("Return"); err != nil {
		return err
	}
	m, err := p.shows(map[string]any{"dialog": ""})
	if err != nil {
		return err
	}
	p.out.Acts = number(m, "acts")
	printed, err := filepath.Glob(p.path("desk", "acts", "*.pdf"))
	if err != nil {
		return err
	}
	if int64(len(printed)) != p.out.Acts {
		return fmt.Errorf("%d acts are drawn up, %d are printed", p.out.Acts, len(printed))
	}
	return nil
}
