// Package frugal has the toolkit, and the software that paints where there is no graphics card, take less memory than they
// would by themselves.
//
// Both ask the environment when they are initialized. Go initializes packages that wait for nothing in the order of their
// import paths, so this one imports nothing but the standard library, and its path stands before the toolkit's.
package frugal

import "os"

// Keep is how long the toolkit keeps what it has not painted: three times less than it does by itself. It looks through all
// that is seen every Keep less ten seconds, to keep it.
const Keep = "20s"

// Painters is how many threads of their own Mesa's software renderer paints with: none. With threads it keeps the lists of
// what was to be painted, of every piece of a picture that once waited for them, for ever. A whole screen takes a sixth
// longer on two processors; what is typed is painted past it.
const Painters = "0"

func init() {
	for name, value := range map[string]string{"FYNE_CACHE": Keep, "LP_NUM_THREADS": Painters} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value) // at worst more is kept
		}
	}
}
