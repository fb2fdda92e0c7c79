// Command station is the candidate's program: one attempt at a time, from the IIN to the farewell.
package main

import (
	"os"

	"emtihan/assets/locales"
	"emtihan/station"

	"github.com/alecthomas/kong"
)

func main() {
	var cli arguments
	host, _ := os.Hostname()
	ctx := kong.Parse(&cli, kong.Vars{"hostname": host}, kong.Name("station"), kong.Description(description), kong.Exit(exit))
	opt := cli.options()
	if ctx.Command() == "check" {
		code := station.Check(opt, os.Stdout)
		if code == 0 {
			code = station.CheckFaces(opt, os.Stdout)
		}
		os.Exit(code)
	}
	os.Exit(station.Run(opt))
}

const description = `The candidate's program.

Exit codes: 0 ended regularly · 1 unexpected · 2 wrong arguments · 3 another instance uses the data folder ·
4 session, profile, paper or photo cannot be read · 5 data folder full, read-only or failing, or its keys cannot be used ·
6 the log of an attempt is damaged · 7 no display · 8 (check) faces cannot be checked.`

type arguments struct {
	Session string  `required:"" type:"path" help:"File of the session: candidates, administrators, profile and paper."`
	Data    string  `default:"data" type:"path" help:"Folder that keeps the attempts."`
	Second  string  `type:"path" help:"Folder on another disk or a stick that keeps the attempts, too."`
	Reserve int64   `default:"32" help:"Space in MiB that is kept back in both folders for the moment when a disk is full."`
	Keys    string  `type:"path" help:"Folder of systemd credentials with the station's keys; - for none. The default is $$CREDENTIALS_DIRECTORY, or else the data folder."`
	Name    string  `default:"${hostname}" help:"Name of this station in the log."`
	Camera  string  `default:"0" help:"Camera: device number, file or URL; a device takes #mode=1280x720,MJPG,15 behind its name."`
	Desk    string  `help:"Camera over the desk, likewise; its pictures go with those of the front camera."`
	Models  string  `default:"assets/models/node_modules/faceplugin-face-recognition-js/model" type:"path" help:"Folder of the face models."`
	Room    string  `type:"path" help:"Socket of the administrator's program."`
	Witness string  `type:"path" help:"Diagnostics: what the window shows, one JSON object a line, without personal data."`
	Lang    string  `default:"kk" enum:"kk,ru,en" help:"Interface language at the start: kk, ru or en."`
	Scale   float32 `default:"1" help:"Text size, 1 to 2."`
	Window  bool    `help:"Open a window instead of the full screen."`

	Run   struct{} `cmd:"" default:"withargs" help:"Show the station (the default)."`
	Check struct{} `cmd:"" help:"Say in three languages whether everything is there, and end."`
}

func (a arguments) options() station.Options {
	return station.Options{
		Data: a.Data, Second: a.Second, Reserve: a.Reserve << 20, Keys: a.Keys, Session: a.Session, Name: a.Name, Camera: a.Camera, Desk: a.Desk, Models: a.Models, Room: a.Room,
		Witness: a.Witness, Lang: locales.Lang(a.Lang), Scale: min(max(a.Scale, 1), 2), Window: a.Window,
	}
}

func exit(code int) {
	if code != 0 {
		code = 2
	}
	os.Exit(code)
}
