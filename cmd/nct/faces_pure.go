//go:build !cgo

package main

// newJudge: the face models need OpenCV, and a program that was built without C has none.
func newJudge(string) (judge, error) { return nil, errNoModels }
