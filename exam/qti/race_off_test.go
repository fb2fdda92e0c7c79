//go:build !race

package qti_test

const raceDetector = false
