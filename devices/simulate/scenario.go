package simulate

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Step is a command at a time after the beginning.
type Step struct {
	At      time.Duration
	Command string
	// Line of the scenario, from 1.
	Line int
}

// ScenarioHelp says how a scenario is written.
const ScenarioHelp = `# a line: time since the beginning (or, with a plus, since the line before) and a command
0s      door close
12s     detector alarm
+2s     door open
1m30s   door cut`

// longest scenario and step, so that a slip does not wait for days.
const (
	longestScenario = 24 * time.Hour
	mostSteps       = 10_000
)

// ParseScenario reads a scenario (see ScenarioHelp). check, such as Room.Check, says what is wrong with a command. The error
// names the line.
func ParseScenario(text string, check func(command string) error) ([]Step, error) {
	var steps []Step
	last := time.Duration(0)
	for i, line := range strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		bad := func(format string, arguments ...any) ([]Step, error) {
			return nil, fmt.Errorf("line %d: %w", i+1, fmt.Errorf(format, arguments...))
		}
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		when, command, _ := strings.Cut(line, " ")
		command = strings.TrimSpace(command)
		clock, relative := strings.CutPrefix(when, "+")
		at, err := time.ParseDuration(clock)
		switch {
		case err != nil || strings.HasPrefix(clock, "-") || strings.HasPrefix(clock, "+"):
			return bad("%q is no time, such as 12s, 1m30s or +500ms", when)
		case command == "":
			return bad("there is no command behind the time")
		case len(steps) == mostSteps:
			return bad("there are more than %d steps", mostSteps)
		}
		if relative {
			at += last
		}
		switch {
		case at < last:
			return bad("%v is before the %v of the step above", at, last)
		case at > longestScenario:
			return bad("%v is later than %v", at, longestScenario)
		}
		if err := check(command); err != nil {
			return bad("%w", err)
		}
		last = at
		steps = append(steps, Step{at, command, i + 1})
	}
	return steps, nil
}

// PlayScenario carries the steps out at their times until the last one or the end of ctx, whose cause it then returns. told is called
// after each step with what do returned.
func PlayScenario(ctx context.Context, steps []Step, do func(command string) error, told func(Step, error)) error {
	began := time.Now()
	for _, s := range steps {
		wait := time.NewTimer(time.Until(began.Add(s.At)))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return context.Cause(ctx)
		}
		told(s, do(s.Command))
	}
	return nil
}
