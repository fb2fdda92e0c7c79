//go:build ci

package station

import "time"

// realWindows does nothing: where the toolkit has no window, its tag ci leaves the library out, which takes minutes to compile.
type realWindows struct{}

func (realWindows) wait(time.Duration) {}

func (realWindows) wake() {}
