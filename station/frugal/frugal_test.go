package frugal_test

import (
	"os"
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

func TestRendererIsTold(t *testing.T) {
	if got := os.Getenv("LP_NUM_THREADS"); got == "" {
		t.Error("the software renderer takes as many threads as it likes")
	}
}
