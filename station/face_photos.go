package station

import (
	"fmt"
	"io"
	"strings"

	"emtihan/assets/locales"
	"emtihan/proctor/identity"
)

// sayPhoto prints in all three languages what is wrong with the registered photo of a candidate, and reports whether faces can
// be compared with it (R7): the day before, it can still be replaced.
func sayPhoto(out io.Writer, name string, r identity.PhotoReport) bool {
	id, reasons := "station.photo.unusable", r.Reasons
	if r.Usable {
		id, reasons = "station.photo.warning", r.Warnings
	}
	if r.Usable && len(reasons) == 0 {
		return true
	}
	for _, l := range locales.All {
		var why []string
		for _, reason := range reasons {
			why = append(why, locales.T(l, "photo."+string(reason)))
		}
		fmt.Fprintln(out, locales.T(l, id, "Name", name, "Why", strings.Join(why, " ")))
	}
	return r.Usable
}
