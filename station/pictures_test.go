package station

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// pictures skips a test of what stands on hundreds of screens where the race detector makes each take ten times as long.
func pictures(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("every screen is looked at without -short")
	}
}

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
