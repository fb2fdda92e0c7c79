package main

import (
	"os"
	"path/filepath"
	"strings"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/proctor/identity"
)

// photoFindings looks at the registered photo of every candidate and returns a sentence for each with which faces cannot be
// compared, or not well (R7). They are no reason not to start: an administrator can identify by document. Without the folder of
// the face models nothing is looked at.
func photoFindings(l locales.Lang, models, session string, candidates []exam.Candidate) ([]string, error) {
	if models == "" {
		return nil, nil
	}
	verifier, err := identity.Load(models)
	if err != nil {
		return nil, err
	}
	defer verifier.Close() // its error is always nil
	var out []string
	for _, c := range candidates {
		report := identity.PhotoReport{Reasons: []identity.Reason{identity.BadPhoto}}
		if photo, err := os.ReadFile(filepath.Join(filepath.Dir(session), c.Photo)); err == nil {
			report = verifier.PhotoCheck(photo)
		}
		id, reasons := "station.photo.unusable", report.Reasons
		if report.Usable {
			id, reasons = "station.photo.warning", report.Warnings
		}
		if report.Usable && len(reasons) == 0 {
			continue
		}
		var why []string
		for _, r := range reasons {
			why = append(why, locales.T(l, "photo."+string(r)))
		}
		out = append(out, locales.T(l, id, "Name", c.Name, "Why", strings.Join(why, " ")))
	}
	return out, nil
}
