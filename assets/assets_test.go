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

// R5: exams that are profiles and no code. R25: the certificates of the doctoral and of the English test.
func TestFurtherProfiles(t *testing.T) {
	kt, err := Profile("kt")
	if err != nil {
		t.Fatal(err)
	}
	if kt.Allowance() != 235*time.Minute || kt.Result.Threshold != 75 || kt.Marking.Several != "mistakes" {
		t.Errorf("КТ: %v, threshold %d, several answers marked as %q", kt.Allowance(), kt.Result.Threshold, kt.Marking.Several)
	}
	least := make(map[string]int)
	for _, b := range kt.Blocks {
		least[b.ID] = b.Minimum
	}
	if least["foreign-language"] != 25 || least["tgo"] != 7 || least["profile-1"] != 7 || least["profile-2"] != 7 {
		t.Errorf("КТ: minimums %v", least)
	}
	for id, minutes := range map[string]time.Duration{"teachers": 90, "teachers-sciences": 125, "doctoral-tgo": 240} {
		p, err := Profile(id)
		if err != nil || p.Allowance() != minutes*time.Minute {
			t.Errorf("%s: %v", id, err)
		}
	}
	tgo, err := Profile("doctoral-tgo")
	if err != nil || tgo.Stages[0].Minutes != 50 || tgo.Stages[0].Blocks[0] != "tgo" || tgo.Stages[1].Minutes != 190 {
		t.Errorf("ТГО comes first, with 50 minutes: %+v, %v", tgo.Stages, err)
	}
	for _, id := range []string{"doctoral", "english"} {
		p, err := Profile(id)
		if err != nil {
			t.Fatal(err)
		}
		until, ok := p.CertificateUntil(time.Date(2026, 8, 20, 9, 0, 0, 0, time.UTC))
		if !ok || until.Format(time.DateOnly) != "2026-12-01" {
			t.Errorf("%s, in August: until %v", id, until)
		}
		until, ok = p.CertificateUntil(time.Date(2026, 11, 18, 9, 0, 0, 0, time.UTC))
		if !ok || until.Format(time.DateOnly) != "2027-03-01" {
			t.Errorf("%s, in November: until %v", id, until)
		}
	}
	doctoral, err := Profile("doctoral")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, m := range doctoral.Marks {
		sum += m.Most
	}
	if sum != 100 || doctoral.Result.Threshold != 75 || doctoral.Appeal.SessionMinutes != 40 {
		t.Errorf("doctoral: marks of %d points, threshold %d, %d minutes to see the work", sum, doctoral.Result.Threshold, doctoral.Appeal.SessionMinutes)
	}
}
