package display

import (
	"errors"
	"net"
	"testing"
)

func TestCheck(t *testing.T) {
	if err := Check(""); !errors.Is(err, ErrNone) {
		t.Errorf("no name: %v", err)
	}
	for _, name := range []string{"nonsense", ":", ":x", ":1x.0", ":99987", "unix:99987.0"} {
		if err := Check(name); err == nil {
			t.Errorf("%q is said to answer", name)
		}
	}
	if err := Check("elsewhere:0"); err != nil {
		t.Errorf("a remote display: %v", err)
	}
	l, err := net.Listen("unix", "@/tmp/.X11-unix/X99986")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Check(":99986.0"); err != nil {
		t.Errorf("a display that listens: %v", err)
	}
}
