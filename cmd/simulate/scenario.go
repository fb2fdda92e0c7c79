package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"emtihan/devices/simulate"
)

// maxScenario bounds a file, in bytes.
const maxScenario = 1 << 20

// readScenario reads a file; quit is a command of the program itself.
func readScenario(path string, room *simulate.Room) ([]simulate.Step, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxScenario+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxScenario:
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxScenario)
	}
	steps, err := simulate.ParseScenario(string(text), func(command string) error {
		if command == "quit" {
			return nil
		}
		return room.Check(command)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return steps, nil
}

// playScenario carries the steps out and prints each.
func playScenario(ctx context.Context, steps []simulate.Step, do func(command string) string, out io.Writer) {
	// The end of ctx is the end of the program, which says why.
	_ = simulate.PlayScenario(ctx, steps, func(command string) error {
		if answer := do(command); answer != "ok" {
			return fmt.Errorf("%s", answer)
		}
		return nil
	}, func(s simulate.Step, err error) {
		answer := "ok"
		if err != nil {
			answer = err.Error()
		}
		fmt.Fprintf(out, "%v %s: %s\n", s.At, s.Command, answer)
	})
}
