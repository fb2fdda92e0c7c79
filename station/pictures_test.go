package station

import (
	"image/png"
	"os"
	"path/filepath"
)

// picture saves what the window shows to the folder that EMTIHAN_LOOK names, for a person to judge.
func (g *rig) picture(name string) {
	g.Helper()
	dir := os.Getenv("EMTIHAN_LOOK")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		g.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, g.u.win.Canvas().Capture()); err != nil {
		g.Fatal(err)
	}
}
