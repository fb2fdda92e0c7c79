// Command nct is the tool of the National Centre for Testing for the logs of exams: it pulls them from stations into sealed
// files, says whether a sealed file is whole, and shows what happened in an exam (R22).
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
