package station

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/assets/locales"
	"emtihan/exam/vault"
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

// R27: that a stolen disk would show the exams is said the day before, and not where it would not.
func TestCheckSaysWhatAStolenDiskShows(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	says := func() (n int) {
		t.Helper()
		var out strings.Builder
		if exit := Check(opt, &out); exit != problem.ExitOK {
			t.Fatalf("exit code %d: %s", exit, out.String())
		}
		for _, l := range locales.All {
			n += strings.Count(out.String(), locales.T(l, "station.check.exposed"))
		}
		return n
	}
	if n := says(); n != len(locales.All) {
		t.Errorf("with the secret in the data folder it says so %d times", n)
	}
	secret := filepath.Join(opt.Data, vault.SecretFile)
	opt.Keys = t.TempDir()
	if err := os.Rename(secret, filepath.Join(opt.Keys, vault.SecretCredential)); err != nil {
		t.Fatal(err)
	}
	if n := says(); n != 0 {
		t.Errorf("with the secret as a credential it says so %d times", n)
	}
}
