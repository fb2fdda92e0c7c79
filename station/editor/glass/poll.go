//go:build !ci

package glass

import "github.com/go-gl/glfw/v3.4/glfw"

// poll lets the toolkit's library look for input now.
func poll() { glfw.PollEvents() }
