package station

// #include <stdlib.h>
// #ifdef __GLIBC__
// #include <malloc.h>
// static void trim(void) { malloc_trim(0); }
// static void modest(void) { mallopt(M_ARENA_MAX, 2); mallopt(M_MMAP_THRESHOLD, 64 * 1024); }
// #else
// static void trim(void) {}
// static void modest(void) {}
// #endif
import "C"

import (
	"runtime/debug"
	"sync"

	_ "emtihan/station/frugal"
)

// A station shares a weak computer with the X server and whatever paints in the place of a graphics card. Its own state is a
// few megabytes; what grows is garbage from pictures and from screens that were left, in Go's heap and in the C library's.
const (
	garbagePercent = 20 // of what lives, before Go collects
)

// beModest keeps the program's memory small from the start. It must come before the first use of camera, models and window.
func beModest() {
	debug.SetGCPercent(garbagePercent)
	// Otherwise each freed picture raises the size up to which the C library keeps what is freed.
	C.modest()
}

var giving sync.Mutex

// giveBack gives the memory that is free back to the system: after a camera has closed, in the moment in which a screen goes.
func giveBack() {
	if !giving.TryLock() {
		return
	}
	defer giving.Unlock()
	debug.FreeOSMemory()
	C.trim()
}
