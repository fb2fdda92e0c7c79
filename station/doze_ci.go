//go:build ci

package station

import "time"

// Where the toolkit has no window, its tag ci leaves the library out, which takes minutes to compile.

func awaitWindows(time.Duration) {}

func wakeWindows() {}
