package frugal_test

import (
	"testing"
	"time"
	_ "unsafe" // for the toolkit's own variable

	_ "emtihan/station/frugal"

	_ "fyne.io/fyne/v2/app"
)

//go:linkname keeps fyne.io/fyne/v2/internal/cache.ValidDuration
var keeps time.Duration

func TestToolkitHeard(t *testing.T) {
	if keeps != 20*time.Second {
		t.Fatalf("the toolkit keeps what it has painted for %v: it was initialized before it was told otherwise", keeps)
	}
}
