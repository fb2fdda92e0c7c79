//go:build !ci

package station

import (
	"time"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// realWindows waits where the toolkit's own library does. wait must run on the toolkit's goroutine.
type realWindows struct{}

func (realWindows) wait(d time.Duration) {
	defer ended()
	glfw.WaitEventsTimeout(d.Seconds())
}

func (realWindows) wake() {
	defer ended()
	glfw.PostEmptyEvent()
}

// ended takes what the library says by a panic: that the toolkit has just ended, and no window is there any more.
func ended() { _ = recover() }
