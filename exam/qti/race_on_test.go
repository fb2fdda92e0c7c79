//go:build race

package qti_test

// raceDetector says that the program keeps a record of every access, which takes several times the memory.
const raceDetector = true
