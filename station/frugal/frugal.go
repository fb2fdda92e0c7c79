// Package frugal makes the toolkit let go sooner of what it has painted and nobody sees any more.
//
// It must be initialized before the toolkit, which asks the environment only then. Go initializes packages that wait for
// nothing in the order of their import paths, so this one imports nothing but the standard library, and its path stands
// before the toolkit's.
package frugal

import "os"

// Keep is how long the toolkit keeps what it has not painted: three times less than it does by itself. It looks through all
// that is seen every Keep less ten seconds, to keep it.
const Keep = "20s"

const variable = "FYNE_CACHE"

func init() {
	if os.Getenv(variable) == "" {
		_ = os.Setenv(variable, Keep) // at worst the toolkit keeps more
	}
}
