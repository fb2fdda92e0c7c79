package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"emtihan/assets/fonts"
	"emtihan/assets/locales"
	"emtihan/devices/display"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/proctor/act"
	"emtihan/proctor/console"
	"emtihan/proctor/console/look"
	"emtihan/proctor/desk"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/theme"
)

const software = "emtihan-proctor"

// window runs the program until its window is closed.
func window(c *cli, stderr io.Writer) int {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	w, err := openWitness(c.Witness)
	if err != nil {
		return refuse(c, stderr, nil, []*trouble{{exitUsage, "witness", []any{"Path", c.Witness, "Why", err}}})
	}
	defer w.close()
	s, troubles := load(c)
	if len(troubles) > 0 {
		return refuse(c, stderr, w, troubles)
	}
	// The screen shows where an act was printed to, which a relative path does not tell.
	dir, err := filepath.Abs(c.Data)
	if err != nil {
		return refuse(c, stderr, w, []*trouble{folderTrouble(c.Data, err)})
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return refuse(c, stderr, w, []*trouble{folderTrouble(c.Data, err)})
	}
	keys, err := vault.Open(dir, vault.Options{Recipients: s.session.Recipients})
	if err != nil {
		return refuse(c, stderr, w, []*trouble{folderTrouble(c.Data, err)})
	}
	links, doors := new(stations), new(locks)
	r, err := room.Open(room.Config{
		Dir: dir, Session: s.session, Forms: s.forms, Software: software, OnAct: links.act, OnOrder: links.order, Journal: journal.Options{Vault: keys, Second: secondLog(c.Second, s.session.ID)},
		Devices: roomDevices(s.devices), Late: time.Duration(s.profile.Admission.LateMinutes) * time.Minute,
		Unlock: doors.unlock, OpenFor: c.OpenFor, LowBattery: lowBattery(c.LowBattery),
		Fonts: act.Fonts{Regular: fonts.Mend(theme.DefaultTextFont().Content()), Bold: fonts.Mend(theme.DefaultTextBoldFont().Content())},
	})
	if err != nil {
		return refuse(c, stderr, w, []*trouble{folderTrouble(c.Data, err)})
	}
	defer func() {
		if err := r.Close(); err != nil {
			fmt.Fprintln(stderr, "proctor:", err)
		}
	}()
	if !hasDisplay() {
		fmt.Fprintln(stderr, locales.T(c.lang(), "proctor.start.display"))
		return exitDisplay
	}
	var notes func(locales.Lang) []string
	if err := links.listen(c.Room, r, log); err != nil {
		// The room works without its stations, so this is said on the screen and ends nothing.
		socket := &trouble{exitOK, "socket", []any{"Why", err}}
		fmt.Fprintln(stderr, socket.in(c.lang()))
		notes = func(l locales.Lang) []string { return []string{socket.in(l)} }
	}
	defer links.close()

	a := newApp()
	win := a.NewWindow("")
	content := console.New(win, s.session, console.Options{
		Lang: c.lang(), Forms: s.forms, Desk: r, Notes: notes, OnShow: func(shown console.Shown) { w.write(shown) },
		KeyFiles: func() []string { return keyFiles(c.Keys) },
	})
	entry := desk.New(content, desk.Options{Room: r, Photo: photos(c.Session), Eye: newEye(c.Camera, c.Models)})
	defer entry.Close()
	content.Turn(c.Page == "entry")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	wait := watchDevices(ctx, s.devices, r, doors)
	defer func() {
		stop()
		wait()
	}()
	go func() {
		<-ctx.Done()
		fyne.Do(win.Close)
	}()
	r.Watch(content.Show)
	win.Resize(fyne.NewSize(1366, 768))
	win.SetFullScreen(!c.Windowed)
	win.SetMaster()
	win.ShowAndRun()
	return exitOK
}

func lowBattery(word string) room.LowBattery {
	if word == string(room.LowSuspends) {
		return room.LowSuspends
	}
	return room.LowAsks
}

// keyFiles returns the files in a folder that may hold a signing key.
func keyFiles(dir string) (files []string) {
	if dir == "" {
		return nil
	}
	for _, pattern := range []string{"*.p12", "*.pfx", "*.P12", "*.PFX"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is sound
		files = append(files, found...)
	}
	return files
}

// photos returns how registered photos are read: by their path beside the session's file.
func photos(session string) func(string) ([]byte, error) {
	dir := filepath.Dir(session)
	return func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxPhoto))
	}
}

// maxPhoto bounds a registered photo, in bytes.
const maxPhoto = 16 << 20

// secondLog returns the path of the room's log in the second place.
func secondLog(dir, session string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, session+".room.journal")
}

func newApp() fyne.App {
	a := app.NewWithID("kz.emtihan.proctor")
	a.Settings().SetTheme(look.Theme{})
	return a
}

func hasDisplay() bool { return display.Check(os.Getenv("DISPLAY")) == nil }

// stations is the link to the stations. It is opened after the room, and keeps the acts that the room tells of before.
type stations struct {
	mu     sync.Mutex // guards what follows
	server *room.Server
	early  []func(*room.Server)
}

func (l *stations) listen(path string, r *room.Room, log *slog.Logger) error {
	if path == "" {
		return nil
	}
	server, err := room.Listen(path, room.ServerOptions{
		OnNotice: r.Hear, OnStation: r.StationOnline,
		OnError: func(err error) { log.Warn("station link", "error", err) },
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = server
	for _, send := range l.early {
		send(server)
	}
	l.early = nil
	return nil
}

func (l *stations) act(attempt string, tied exam.ActTied) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		l.server.SendAct(attempt, tied)
		return
	}
	l.early = append(l.early, func(s *room.Server) { s.SendAct(attempt, tied) })
}

// order hands an order of the room on to its stations.
func (l *stations) order(o room.Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		l.server.SendOrder(o)
		return
	}
	l.early = append(l.early, func(s *room.Server) { s.SendOrder(o) })
}

func (l *stations) close() {
	if l.server != nil {
		_ = l.server.Close() // the socket's folder may be gone already
	}
}

// folderTrouble says why a room cannot be opened.
func folderTrouble(dir string, err error) *trouble {
	var damaged *journal.DamagedError
	switch {
	case errors.Is(err, room.ErrSecond):
		return &trouble{exitSecond, "second", nil}
	case errors.As(err, &damaged):
		return &trouble{exitFolder, "damaged", []any{"Why", damaged}}
	case journal.IsFull(err):
		return &trouble{exitFolder, "full", []any{"Path", dir}}
	case journal.IsReadOnly(err):
		return &trouble{exitFolder, "readonly", []any{"Path", dir}}
	}
	return &trouble{exitFolder, "folder", []any{"Path", dir, "Why", err}}
}

// refuse says why the program does not start, on stderr and, where there is a display, in a window, and returns the exit code.
func refuse(c *cli, stderr io.Writer, w *witness, troubles []*trouble) int {
	for _, t := range troubles {
		fmt.Fprintln(stderr, t.in(c.lang()))
	}
	if hasDisplay() {
		showTroubles(c, w, troubles)
	}
	return troubles[0].exit
}

func showTroubles(c *cli, w *witness, troubles []*trouble) {
	a := newApp()
	win := a.NewWindow("")
	say := func(l locales.Lang) (lines []string) {
		for _, t := range troubles {
			lines = append(lines, t.in(l))
		}
		return lines
	}
	console.ShowTrouble(win, c.lang(), say, func(l locales.Lang) {
		w.write(struct {
			Screen string `json:"screen"`
			Lang   string `json:"lang"`
			Code   string `json:"code"`
			Exit   int    `json:"exit"`
		}{"trouble", string(l), troubles[0].id, troubles[0].exit})
	})
	win.Resize(fyne.NewSize(900, 320))
	win.CenterOnScreen()
	win.ShowAndRun()
}
