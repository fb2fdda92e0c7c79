package identity

/*
#cgo CXXFLAGS: --std=c++11
#cgo pkg-config: opencv4
void emtihan_threads(int n);
*/
import "C"

import (
	"runtime"
	"sync"
)

// mostThreads is how many processors OpenCV may take. The models gain nearly
// nothing from a third one, and the candidate's typing needs the others.
const mostThreads = 2

var limitThreads = sync.OnceFunc(func() { C.emtihan_threads(C.int(min(mostThreads, runtime.NumCPU()))) })
