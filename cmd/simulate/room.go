package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/devices/simulate"
	"emtihan/exam"
	"emtihan/exam/vault"
	"emtihan/proctor/identity"

	"github.com/BurntSushi/toml"
)

// roomCommand makes the folder of a demonstration: session, registered photos and the camera's source.
type roomCommand struct {
	Dir     string `required:"" type:"path" help:"Folder to fill."`
	Profile string `default:"doctoral" help:"Exam profile of the session."`
	Paper   string `default:"doctoral-demo" help:"Paper of the session."`
	Papers  string `type:"path" help:"Folder of papers with their media, which come before the built-in ones."`
	Models  string `required:"" type:"path" help:"Folder of the face models."`
	Photo   string `required:"" type:"path" help:"Video of the candidates' face; its best frame becomes the registered photo."`
	Camera  string `required:"" help:"What DIR/camera leads to at first: a device number, a file or a URL."`
	Dev     string `type:"path" help:"Folder of the simulated ports; DIR/devices.toml then names them for the administrators' program."`
	NCTKey  string `type:"path" help:"NCT's identity, which can open the logs; made where it is missing. The default is DIR/nct.key."`
	Lang    string `default:"kk" enum:"kk,ru,en" help:"Exam language of the first candidate."`
}

// The people of the demonstration. Their IINs are valid and belong to nobody alive: born in 1890.
var demoPeople = []struct{ iin, name, seat string }{
	{"900101100004", "Серікұлы Нұрлан", "1"},
	{"900101100500", "Ахметова Айгүл Қанатқызы", "2"},
	{"900101100512", "Иванов Пётр Сергеевич", "3"},
	{"900101100014", "Смағұлов Ерлан Болатұлы", "4"},
}

// demoCode is the administrators' code in demonstrations.
const demoCode = "2468"

func (c *roomCommand) Run(s streams) error {
	if err := os.MkdirAll(filepath.Join(c.Dir, "photos"), 0o700); err != nil {
		return err
	}
	verifier, err := identity.Load(c.Models)
	if err != nil {
		return err
	}
	defer verifier.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	photo, err := verifier.BestStill(ctx, c.Photo, 20)
	if err != nil {
		return fmt.Errorf("registered photo from %s: %w", c.Photo, err)
	}
	session := exam.Session{
		Format: 1, ID: "demo-" + c.Profile, Centre: "Алматы, 1-пункт", Room: "101",
		Start: time.Now().Truncate(time.Minute), Profile: c.Profile, Paper: c.Paper,
		Note: fmt.Sprintf("Demo · Демо — IIN / ИИН / ЖСН: %s, %s. Code / Код: %s", demoPeople[0].iin, demoPeople[1].iin, demoCode),
	}
	recipient, err := c.recipient()
	if err != nil {
		return err
	}
	session.Recipients = []string{recipient}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return err
	}
	hash := exam.HashCode(demoCode, salt)
	session.Administrators = []exam.Administrator{
		{Name: "Жұмабаева Сәуле", Role: "дежурный по аудитории", Code: hash},
		{Name: "Ким Виктор Андреевич", Role: "руководитель группы", Code: hash},
	}
	paper, err := c.paper()
	if err != nil {
		return err
	}
	for i, p := range demoPeople {
		lang := [...]string{c.Lang, "ru", "ru", "kk"}[i]
		if !paper.HasLanguage(lang) {
			lang = paper.Languages[0]
		}
		name := filepath.Join("photos", p.seat+".jpg")
		if err := os.WriteFile(filepath.Join(c.Dir, name), photo, 0o600); err != nil {
			return err
		}
		session.Candidates = append(session.Candidates, exam.Candidate{
			IIN: p.iin, Name: p.name, Photo: name, Language: lang, Seat: p.seat,
			University: "Esil University", Programme: "D094", InterviewHeld: true, InterviewProtocol: "17",
		})
	}
	f, err := os.OpenFile(filepath.Join(c.Dir, "session.toml"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := toml.NewEncoder(f).Encode(session); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if c.Dev != "" {
		if err := os.WriteFile(filepath.Join(c.Dir, "devices.toml"), []byte(devicesFile(c.Dev, "")), 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "%s: %d candidates, profile %s, paper %s\n", f.Name(), len(session.Candidates), c.Profile, c.Paper)
	return pointCamera(c.Dir, c.Camera)
}

// paper returns the session's paper. One out of a folder is put beside the session.
func (c *roomCommand) paper() (*exam.Paper, error) {
	if c.Papers != "" {
		if paper, err := copyPaper(c.Papers, c.Paper, c.Dir); paper != nil || err != nil {
			return paper, err
		}
	}
	return assets.Paper(c.Paper)
}

// recipient returns the public part of NCT's identity, and makes one where there is none. It stands beside it in FILE.pub.
func (c *roomCommand) recipient() (string, error) {
	path := c.NCTKey
	if path == "" {
		path = filepath.Join(c.Dir, "nct.key")
	}
	if data, err := os.ReadFile(path + ".pub"); err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	file, recipient, err := vault.GenerateIdentity()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		return "", err
	}
	return recipient, os.WriteFile(path+".pub", []byte(recipient+"\n"), 0o644)
}

// devicesFile names the simulated devices as they are wired. The door with the lock is named only where a key file is: without
// a key it is unknown, as it should be, and all doors with it.
func devicesFile(dev, keys string) string {
	port := func(name string) string { return filepath.Join(dev, name) }
	text := fmt.Sprintf(`format = 1

[[bus]]
name = "gate"
protocol = "modbus"
path = %q

[[bus]]
name = "door"
protocol = "modbus"
path = %q

[[bus]]
name = "documents"
protocol = "single"
path = %q

[[device]]
name = "gate"
kind = "detector"
bus = "gate"
unit = %d
input = 0
counter_register = %d

[[device]]
name = "door"
kind = "door"
bus = "door"
unit = %d
input = 0

[[device]]
name = "documents"
kind = "reader"
profile = "scanner-line"
bus = "documents"

[[device]]
name = "ups"
kind = "ups"
address = "unix:%s"
ups = %q
`, port("detector"), port("door"), port("scanner"), simulate.DetectorUnit, simulate.CounterRegister, simulate.DoorUnit, port("ups"), simulate.UPSName)
	if keys == "" {
		return text
	}
	return text + fmt.Sprintf(`
[[bus]]
name = "lock"
protocol = "osdp"
path = %q
keys = %q
[[bus.peripheral]]
name = "unit"
address = %d

[[device]]
name = "exit"
kind = "door"
bus = "lock"
peripheral = "unit"
input = 0
lock = 0
`, port("lock"), keys, simulate.LockAddress)
}

// cameraCommand changes what the demonstration's camera sees.
type cameraCommand struct {
	Dir    string `required:"" type:"path" help:"Folder of the demonstration."`
	Source string `arg:"" help:"Video file."`
}

func (c *cameraCommand) Run(streams) error { return pointCamera(c.Dir, c.Source) }

// pointCamera makes DIR/camera lead to the file; a device number or a URL needs no link.
func pointCamera(dir, source string) error {
	if _, err := os.Stat(source); err != nil {
		return nil
	}
	path, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	link := filepath.Join(dir, "camera")
	next := link + ".next"
	if err := os.Remove(next); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Symlink(path, next); err != nil {
		return err
	}
	return os.Rename(next, link)
}
