package station

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/assets/locales"
	"emtihan/station/problem"
)

// What is wrong with camera and models shows the day before, in three languages, although the station would start.
func TestCheckFaces(t *testing.T) { // R10
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	var out bytes.Buffer
	if exit := CheckFaces(opt, &out); exit != problem.ExitNoFaces {
		t.Errorf("exit code %d, want %d", exit, problem.ExitNoFaces)
	}
	for _, code := range []problem.Code{problem.ModelsMissing, problem.CameraMissing} {
		for _, l := range locales.All {
			if want := locales.T(l, "problem."+string(code)+".what"); !strings.Contains(out.String(), want) {
				t.Errorf("%q is not in the output:\n%s", want, out.String())
			}
		}
	}
	opt.Session = filepath.Join(t.TempDir(), "none.toml")
	if exit := CheckFaces(opt, &out); exit != problem.ExitConfiguration {
		t.Errorf("without a session: exit code %d, want %d", exit, problem.ExitConfiguration)
	}
}
