// Command proctor is the room administrators' program: who is expected, what the detector, the door and the stations say, and
// the acts that answer it.
//
// Exit codes: 0 all is well, 2 wrong usage, 3 the room is open in another window, 4 the session file, the devices file or a
// form template is damaged, 5 the data folder cannot be used (full, read-only, damaged log), 6 there is no display,
// 8 something that the devices file names cannot be used ("proctor devices").
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
