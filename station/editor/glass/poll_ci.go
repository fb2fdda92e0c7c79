//go:build ci

package glass

// poll does nothing where the toolkit has no window: its tag ci leaves the library out, which takes minutes to compile.
func poll() {}
