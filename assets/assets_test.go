package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"
)

// R1: 20 + 190 minutes, the interview not at the station. R4: 100 tasks, 100 points, admitted from 75.
func TestProfilesAndPapers(t *testing.T) {
	for _, id := range Names("profiles") {
		if _, err := Profile(id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, id := range Names("papers") {
		if _, err := Paper(id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	doctoral, err := Profile("doctoral")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := doctoral.Allowance(), 190*time.Minute; got != want {
		t.Errorf("doctoral at the station: %v, want %v", got, want)
	}
	if got, want := doctoral.Clock.InterviewMinutes+doctoral.Clock.Minutes, 210; got != want {
		t.Errorf("doctoral: %d minutes, want %d", got, want)
	}
	english, err := Paper("english-demo")
	if err != nil {
		t.Fatal(err)
	}
	if _, most := english.Points(nil); len(english.Items()) != 100 || most != 100 {
		t.Errorf("English: %d tasks and %d points, want 100 and 100", len(english.Items()), most)
	}
	if p, _ := Profile("english"); p.Result.Threshold != 75 || !p.Result.ShowsScore {
		t.Errorf("English: threshold %d, shows score %v", p.Result.Threshold, p.Result.ShowsScore)
	}
	if _, err := Profile("none"); err == nil {
		t.Error("an unknown profile is no error")
	}
}

// What the built-in papers show is there, and is what they mean.
func TestMedia(t *testing.T) {
	shown := 0
	for _, id := range Names("papers") {
		p, err := Paper(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Media {
			shown++
			data, err := Medium(id, m.File)
			if err != nil {
				t.Errorf("%s, %s: %v", id, m.File, err)
				continue
			}
			if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.SHA256 {
				t.Errorf("%s, %s: its SHA-256 is %x, the paper says %s", id, m.File, sum, m.SHA256)
			}
		}
	}
	if shown < 3 {
		t.Errorf("the built-in papers show %d media", shown)
	}
	if _, err := Medium("kinds-demo", "none.svg"); err == nil {
		t.Error("a file that is not there is no error")
	}
}
