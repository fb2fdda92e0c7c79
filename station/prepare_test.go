package station

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"emtihan/assets"
	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/vault"
	"emtihan/station/problem"

	"github.com/google/go-cmp/cmp"
)

// check demands that Check ends with the problem's exit code and says in three languages what is wrong and what to do.
func check(t *testing.T, opt Options, want problem.Code, because string) {
	t.Helper()
	var out strings.Builder
	exit := Check(opt, &out)
	if exit != want.Exit() || exit == problem.ExitOK {
		t.Errorf("exit code %d, want %d for %s; it says:\n%s", exit, want.Exit(), want, out.String())
	}
	for _, l := range locales.All {
		for _, part := range []string{".what", ".do"} {
			if s := locales.T(l, "problem."+string(want)+part); !strings.Contains(out.String(), s) {
				t.Errorf("it does not say %q but:\n%s", s, out.String())
			}
		}
	}
	if !strings.Contains(out.String(), because) {
		t.Errorf("it does not name the cause %q but says:\n%s", because, out.String())
	}
}

func edit(t *testing.T, path string, change func(string) string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	next := change(string(data))
	if next == string(data) {
		t.Fatal("the file has not changed")
	}
	write(t, path, []byte(next))
}

func source(t *testing.T, folder, id string) []byte {
	t.Helper()
	data, err := assets.Source(folder, id)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCheckIsContent(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	var out strings.Builder
	if exit := Check(opt, &out); exit != problem.ExitOK {
		t.Fatalf("exit code %d: %s", exit, out.String())
	}
	for _, l := range locales.All {
		if s := locales.T(l, "station.check.ok", "Candidates", 2, "Items", 6); !strings.Contains(out.String(), s) {
			t.Errorf("it does not say %q but:\n%s", s, out.String())
		}
	}
	if _, err := os.Stat(filepath.Join(opt.Data, "probe.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the probe was left behind")
	}
}

// R9: files beside the session come before the built-in ones, and every fault has its own message.
func TestCheckFindsFaults(t *testing.T) {
	beside := func(opt Options, parts ...string) string {
		return filepath.Join(append([]string{filepath.Dir(opt.Session)}, parts...)...)
	}
	for name, tc := range map[string]struct {
		spoil   func(t *testing.T, opt Options)
		want    problem.Code
		because string
	}{
		"no session": {
			func(t *testing.T, opt Options) { os.Remove(opt.Session) },
			problem.SessionDamaged, "session.toml",
		},
		"session cut short": {
			func(t *testing.T, opt Options) {
				edit(t, opt.Session, func(s string) string { return s[:len(s)/2] + "\n\"" })
			},
			problem.SessionDamaged, "line",
		},
		"misspelt key": {
			func(t *testing.T, opt Options) {
				edit(t, opt.Session, func(s string) string { return strings.Replace(s, "language =", "langauge =", 1) })
			},
			problem.SessionDamaged, "langauge",
		},
		"extra time beyond the profile": { // R2
			func(t *testing.T, opt Options) {
				edit(t, opt.Session, func(s string) string {
					return strings.Replace(strings.Replace(s, "extra_minutes = 0", "extra_minutes = 61", 1), `extra_document = ""`, `extra_document = "7"`, 1)
				})
			},
			problem.SessionDamaged, "61",
		},
		"unknown profile": {
			func(t *testing.T, opt Options) {
				edit(t, opt.Session, func(s string) string {
					return strings.Replace(s, `profile = "doctoral"`, `profile = "dcotoral"`, 1)
				})
			},
			problem.ProfileDamaged, "dcotoral",
		},
		"damaged profile": {
			func(t *testing.T, opt Options) {
				write(t, beside(opt, "profiles", "doctoral.toml"), bytes.Replace(source(t, "profiles", "doctoral"), []byte("minutes = 190"), []byte("minutes = 1900"), 1))
			},
			problem.ProfileDamaged, "clock.minutes is 1900",
		},
		"empty profile": {
			func(t *testing.T, opt Options) { write(t, beside(opt, "profiles", "doctoral.toml"), nil) },
			problem.ProfileDamaged, "format",
		},
		"another profile": {
			func(t *testing.T, opt Options) {
				write(t, beside(opt, "profiles", "doctoral.toml"), source(t, "profiles", "english"))
			},
			problem.ProfileDamaged, `"english"`,
		},
		"damaged paper": {
			func(t *testing.T, opt Options) {
				data := source(t, "papers", "short-demo")
				write(t, beside(opt, "papers", "short-demo.toml"), data[:len(data)*2/3])
			},
			problem.PaperDamaged, "",
		},
		"another paper": {
			func(t *testing.T, opt Options) {
				write(t, beside(opt, "papers", "short-demo.toml"), source(t, "papers", "english-demo"))
			},
			problem.PaperDamaged, `"english-demo"`,
		},
		"paper without the exam language": {
			func(t *testing.T, opt Options) {
				edit(t, opt.Session, func(s string) string { return strings.Replace(s, `paper = "short-demo"`, `paper = "english-demo"`, 1) })
			},
			problem.PaperDamaged, `exam language "kk"`,
		},
		"no photo": {
			func(t *testing.T, opt Options) { os.Remove(beside(opt, "photo.png")) },
			problem.PhotoMissing, "photo.png",
		},
		"data folder is a file": {
			func(t *testing.T, opt Options) { write(t, opt.Data, []byte("x")) },
			problem.DiskFailed, "data",
		},
	} {
		t.Run(name, func(t *testing.T) {
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			tc.spoil(t, opt)
			check(t, opt, tc.want, tc.because)
		})
	}
}

func TestSecondInstance(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.login(nurlan)
	check(t, opt, problem.SecondInstance, "station.lock")
	g.admin("by-document") // the first one goes on
	g.screen("data")
	g.end()
	var out strings.Builder
	if exit := Check(opt, &out); exit != problem.ExitOK {
		t.Errorf("after the first has ended: exit code %d: %s", exit, out.String())
	}
}

// tree reads every file below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// attempted leaves an attempt open in the data folder.
func attempted(t *testing.T) (opt Options, path string) {
	t.Helper()
	opt = lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.seat(nurlan)
	g.write("Сөз")
	g.says(g.u.t("station.exam.saved"))
	g.end()
	paths, err := filepath.Glob(filepath.Join(opt.Data, "attempts", "s1", "*.journal"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("journals: %v, %v", paths, err)
	}
	return opt, paths[0]
}

// R11: a damaged log stops the station with its own message, and stays as it is, as does all beside it.
func TestDamagedAttempt(t *testing.T) {
	opt, path := attempted(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"empty":     func(b []byte) []byte { return nil },
		"cut":       func(b []byte) []byte { return b[:len(b)/3] },
		"no header": func(b []byte) []byte { return append(make([]byte, 4096*2), b[4096*2:]...) },
		"one bit":   func(b []byte) []byte { b[16384+1500] ^= 4; return b },
	} {
		t.Run(name, func(t *testing.T) {
			write(t, path, damage(bytes.Clone(whole)))
			before := tree(t, opt.Data)
			check(t, opt, problem.AttemptDamaged, filepath.Base(path))
			if diff := cmp.Diff(before, tree(t, opt.Data)); diff != "" {
				t.Errorf("the data folder has changed: %s", diff[:min(len(diff), 500)])
			}
			s, err := prepare(opt)
			if err != nil {
				t.Fatal(err)
			}
			defer s.release()
			if _, err := s.start(nil, nil); problem.Of(err) != problem.AttemptDamaged {
				t.Errorf("the station itself says %v", err)
			}
			if diff := cmp.Diff(before, tree(t, opt.Data)); diff != "" {
				t.Errorf("the station has changed the data folder: %s", diff[:min(len(diff), 500)])
			}
		})
	}
	write(t, path, whole)
	var out strings.Builder
	if exit := Check(opt, &out); exit != problem.ExitOK {
		t.Errorf("the whole log: exit code %d: %s", exit, out.String())
	}
}

func TestDataFolderReadOnly(t *testing.T) {
	opt, _ := attempted(t)
	before := tree(t, opt.Data)
	if os.Geteuid() != 0 {
		t.Skip("A read-only folder that holds for every user needs a mount, and a mount needs root.")
	}
	if err := syscall.Mount(opt.Data, opt.Data, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("This computer does not let tests mount folders: %v.", err)
	}
	defer func() {
		if err := syscall.Unmount(opt.Data, 0); err != nil {
			t.Error(err)
		}
	}()
	if err := syscall.Mount("", opt.Data, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("This computer does not let tests mount folders: %v.", err)
	}
	check(t, opt, problem.DiskReadOnly, "read-only")
	if diff := cmp.Diff(before, tree(t, opt.Data)); diff != "" {
		t.Errorf("the data folder has changed:\n%s", diff)
	}
}

// R11: a station does not begin on a full disk, and what is there stays.
func TestDiskFull(t *testing.T) {
	opt, path := attempted(t)
	if os.Geteuid() != 0 {
		t.Skip("A disk of its own needs a mount, and a mount needs root.")
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("This computer does not let tests mount folders: %v.", err)
	}
	defer func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	}()
	rel, err := filepath.Rel(opt.Data, path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(small, rel), kept)
	for _, name := range []string{vault.KeyFile, vault.PublicKeyFile, vault.SecretFile} {
		key, err := os.ReadFile(filepath.Join(opt.Data, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(small, name), key)
	}
	opt.Data = small
	fill := filepath.Join(small, "fill")
	f, err := os.Create(fill)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, opt, problem.DiskFull, "no space left")
	fi, err := os.Stat(fill)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(fill, fi.Size()-1<<19); err != nil { // room for a key, none for an exam
		t.Fatal(err)
	}
	check(t, opt, problem.DiskFull, "no space left")
	if got, err := os.ReadFile(filepath.Join(small, rel)); err != nil || !bytes.Equal(got, kept) {
		t.Errorf("the log has changed, %v", err)
	}
	if _, err := os.Stat(filepath.Join(small, "probe.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the probe was left behind on the full disk")
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	g := newRig(t, opt)
	g.screen("face-resume")
	if got := g.attempt().Response("E1").Text; got != "Сөз" {
		t.Errorf("once there is room the attempt holds %q", got)
	}
	g.end()
}

// The log names the camera, never the password in its address.
func TestCameraName(t *testing.T) {
	for source, want := range map[string]string{
		"0":                                 "0",
		"/dev/video2":                       "video2",
		"rtsp://user:secret@10.0.0.7/live1": "rtsp://10.0.0.7/live1",
		"rtsp://user:secret@10.0.0.7":       "rtsp://10.0.0.7",
		"http://cam/x?token=secret":         "http://cam/x",
		"rtsp://user:sec ret@cam/x":         "address",
	} {
		if got := cameraName(source); got != want {
			t.Errorf("%q is called %q, want %q", source, got, want)
		}
	}
}

func TestReportNamesTheCheck(t *testing.T) { // R10
	for _, p := range []exam.Purpose{exam.PurposeLogin, exam.PurposeResume, exam.PurposeLeave, exam.PurposeReturn, exam.PurposeFinish} {
		for _, l := range locales.All {
			for _, id := range []string{"station.face.title.", "station.face.lead.", "station.locked.by-face."} {
				if s := locales.T(l, id+string(p)); strings.HasPrefix(s, "[") {
					t.Errorf("%s: no sentence %s%s", l, id, p)
				}
			}
		}
	}
}
