package camera

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// errName is wrapped where no camera can ever have the name.
var errName = fmt.Errorf("%w: %w", ErrNoCamera, ErrName)

// target is a source after its name was understood.
type target struct {
	name  string // for OpenCV: an absolute path or an address
	shown string // for people: without a password
	file  bool   // played in real time and repeated
	v4l   bool   // a video device of this computer
	mode  mode   // that its name asks for; zero: the usual ones

	from, to time.Duration // the part of a file; to = 0 is its end
}

// within reports whether frame i of this pass lies before the end of the part.
func (t target) within(i int, fps float64) bool {
	return t.to == 0 || t.from+span(i, fps) < t.to
}

// span is the playing time of n frames.
func span(n int, fps float64) time.Duration {
	return time.Duration(float64(n) / fps * float64(time.Second))
}

// schemes are the kinds of address that may be opened. FFmpeg knows many more,
// among them ones that join or write files; a name from a settings file must
// not reach those.
var schemes = map[string]bool{"rtsp": true, "rtsps": true, "rtp": true, "http": true, "https": true, "udp": true, "tcp": true}

// maxDevice is far above the number of cameras a computer can have.
const maxDevice = 255

// resolve understands the name of a source and checks what can be checked
// without OpenCV. It returns ErrNoCamera with the reason.
func resolve(source string) (target, error) {
	source = strings.TrimSpace(source)
	if source == "" {
		return target{}, fmt.Errorf("%w: no camera is named in the settings", errName)
	}
	if strings.ContainsRune(source, 0) {
		return target{}, fmt.Errorf("%w: %q: the name holds a zero byte", errName, source)
	}
	number, rest, _ := strings.Cut(source, "#")
	if n, err := strconv.Atoi(number); err == nil {
		if n < 0 || n > maxDevice {
			return target{}, fmt.Errorf("%w: %d: device numbers go from 0 to %d", errName, n, maxDevice)
		}
		path := "/dev/video" + strconv.Itoa(n)
		if rest != "" {
			path += "#" + rest
		}
		return resolvePath(path, source)
	}
	if scheme, _, ok := strings.Cut(source, "://"); ok {
		return resolveURL(strings.ToLower(scheme), source)
	}
	return resolvePath(source, source)
}

func resolveURL(scheme, source string) (target, error) {
	u, err := url.Parse(source)
	if err != nil {
		// The text of a parse error repeats the address with its password.
		return target{}, fmt.Errorf("%w: the %.16s address is malformed", errName, scheme)
	}
	if scheme == "file" {
		if u.Host != "" && u.Host != "localhost" {
			return target{}, fmt.Errorf("%w: %s: a file address names no other computer", errName, source)
		}
		path := u.Path
		if u.Fragment != "" {
			path += "#" + u.Fragment
		}
		return resolvePath(path, source)
	}
	if !schemes[scheme] || u.Host == "" {
		return target{}, fmt.Errorf("%w: %s: not an address of a camera (rtsp, http, https, udp …)", errName, u.Redacted())
	}
	return target{name: source, shown: u.Redacted()}, nil
}

func resolvePath(path, shown string) (target, error) {
	t := target{shown: shown}
	info, err := os.Stat(path)
	if err != nil {
		// A file may have '#' in its name; only when there is none such is the
		// rest a fragment.
		if i := strings.LastIndex(path, "#t="); i >= 0 {
			from, to, ferr := parseFragment(path[i+len("#t="):])
			if ferr != nil {
				return target{}, fmt.Errorf("%w: %s: %w", errName, shown, ferr)
			}
			t.from, t.to, path = from, to, path[:i]
			info, err = os.Stat(path)
		} else if i := strings.LastIndex(path, "#mode="); i >= 0 {
			m, merr := parseMode(path[i+len("#mode="):])
			if merr != nil {
				return target{}, fmt.Errorf("%w: %s: %w", errName, shown, merr)
			}
			t.mode, path = m, path[:i]
			info, err = os.Stat(path)
		}
	}
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return target{}, fmt.Errorf("%w: %s: %w", ErrNoCamera, shown, err)
	}
	// The link is followed now, so that one camera shows one thing although
	// the link may be turned elsewhere before the next Open.
	if path, err = filepath.EvalSymlinks(path); err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return target{}, fmt.Errorf("%w: %s: %w", ErrNoCamera, shown, err)
	}
	t.name = path
	switch mode := info.Mode(); {
	case mode.IsRegular():
		t.file = true
		if info.Size() == 0 {
			return target{}, fmt.Errorf("%w: %s is empty", ErrNoCamera, shown)
		}
	case mode.IsDir():
		return target{}, fmt.Errorf("%w: %s is a folder", ErrNoCamera, shown)
	case mode&fs.ModeCharDevice != 0:
		t.v4l = true
	}
	return t, nil
}

// parseFragment reads "10", "10,20" or ",20": normal play time in seconds.
func parseFragment(s string) (from, to time.Duration, err error) {
	a, b, both := strings.Cut(s, ",")
	if a != "" {
		if from, err = parseSeconds(a); err != nil {
			return 0, 0, err
		}
	}
	if both {
		if to, err = parseSeconds(b); err != nil {
			return 0, 0, err
		}
	}
	if both && to <= from || a == "" && !both {
		return 0, 0, fmt.Errorf("#t=%s: an empty part of the file", s)
	}
	return from, to, nil
}

// parseMode reads "640x480,MJPG,15": size, format and pictures a second, in any
// order; each may be left out.
func parseMode(s string) (mode, error) {
	var m mode
	for part := range strings.SplitSeq(s, ",") {
		if w, h, ok := strings.Cut(part, "x"); ok {
			var werr, herr error
			m.w, werr = strconv.Atoi(w)
			m.h, herr = strconv.Atoi(h)
			if werr != nil || herr != nil || m.w < 1 || m.h < 1 || m.w > MaxSide || m.h > MaxSide {
				return mode{}, fmt.Errorf("#mode=: %q is not a size of 1x1 to %dx%d", part, MaxSide, MaxSide)
			}
			continue
		}
		if part == "MJPG" || part == "YUYV" {
			m.fourcc = part
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > maxRate {
			return mode{}, fmt.Errorf("#mode=: %q is not a size, MJPG, YUYV or 1 to %d pictures a second", part, maxRate)
		}
		m.fps = n
	}
	return m, nil
}

// maxRate is more pictures a second than a face check has use for.
const maxRate = 120

func parseSeconds(s string) (time.Duration, error) {
	const day = 24 * 60 * 60
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(x) || x < 0 || x > day {
		return 0, fmt.Errorf("%q is not a time in seconds from 0 to %d", s, day)
	}
	return time.Duration(x * float64(time.Second)), nil
}
