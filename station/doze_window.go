//go:build !ci

package station

import (
	"time"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// awaitWindows handles the input of all windows, and waits for some for at most d. It must run on the toolkit's goroutine.
func awaitWindows(d time.Duration) {
	defer ended()
	glfw.WaitEventsTimeout(d.Seconds())
}

// wakeWindows ends awaitWindows, or the next one. Any goroutine may call it.
func wakeWindows() {
	defer ended()
	glfw.PostEmptyEvent()
}

// ended takes what the library says by a panic: that the toolkit has just ended, and no window is there any more.
func ended() { _ = recover() }
