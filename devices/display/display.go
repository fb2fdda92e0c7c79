// Package display says whether an X display answers, before a toolkit that dies without one is started.
package display

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// ErrNone says that no display is named.
var ErrNone = errors.New("the variable DISPLAY is not set")

// Check returns nil where the display with the X name answers, ErrNone for an empty name, and otherwise why it does not
// answer. Only local displays (":N" or ":N.S") are tried; of others a wrong form is all that is noticed.
func Check(name string) error {
	if name == "" {
		return ErrNone
	}
	host, rest, ok := strings.Cut(name, ":")
	number, _, _ := strings.Cut(rest, ".")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return fmt.Errorf("DISPLAY is %q, which is no display's name", name)
	}
	if host != "" && host != "unix" {
		return nil
	}
	path := "/tmp/.X11-unix/X" + number
	var errs []error
	for _, address := range []string{path, "@" + path} {
		conn, err := net.DialTimeout("unix", address, time.Second)
		if err == nil {
			return conn.Close()
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("display %q does not answer: %w", name, errs[0])
}
