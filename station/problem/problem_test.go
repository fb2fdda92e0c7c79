package problem_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/station/problem"
	"emtihan/station/session"
)

// sentences demands that the sentence exists, in each language, and differs between them.
func sentences(t *testing.T, id string) {
	t.Helper()
	seen := make(map[string]locales.Lang)
	for _, l := range locales.All {
		said, err := locales.Sentences("station", l)
		if err != nil {
			t.Fatal(err)
		}
		s := strings.TrimSpace(said[id])
		if s == "" {
			t.Errorf("%s: no sentence %q", l, id)
		}
		if other, twice := seen[s]; twice && s != "" {
			t.Errorf("%q is the same in %s and %s: %q", id, l, other, s)
		}
		seen[s] = l
	}
}

func TestEveryProblemHasItsSentences(t *testing.T) {
	all := make(map[string]bool)
	for _, c := range problem.All {
		all[string(c)] = true
		sentences(t, "problem."+string(c)+".what")
		sentences(t, "problem."+string(c)+".do")
	}
	declared := constants(t, "problem.go", "Code")
	if len(declared) == 0 {
		t.Fatal("no code found in problem.go")
	}
	for _, c := range declared {
		if !all[c] {
			t.Errorf("All does not list %q", c)
		}
	}
	if len(declared) != len(problem.All) {
		t.Errorf("%d codes are declared, All lists %d", len(declared), len(problem.All))
	}
}

// constants returns the values of the constants of a type in a file.
func constants(t *testing.T, path, typ string) (values []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
			return true
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok {
				values = append(values, unquote(t, lit.Value))
			}
		}
		return true
	})
	return values
}

func unquote(t *testing.T, s string) string {
	t.Helper()
	out, err := strconv.Unquote(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// refusals returns the code of every call of refuse in package exam.
func refusals(t *testing.T) (codes []string) {
	t.Helper()
	entries, err := os.ReadDir("../../exam")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../../exam/"+e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "refuse" {
				return true
			}
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: a refusal's code is no plain text", e.Name())
				return true
			}
			codes = append(codes, unquote(t, lit.Value))
			return true
		})
	}
	return codes
}

func TestEveryRefusalHasItsSentence(t *testing.T) {
	codes := refusals(t)
	seen := make(map[string]bool)
	for _, c := range codes {
		if seen[c] {
			t.Errorf("two refusals have the code %q", c)
		}
		seen[c] = true
		sentences(t, "refusal."+c)
	}
	for _, c := range []string{"iin-check", "time-up", "ground"} {
		if !seen[c] {
			t.Errorf("the refusal %q was not found among %v", c, codes)
		}
	}
	said, err := locales.Sentences("station", locales.English)
	if err != nil {
		t.Fatal(err)
	}
	for id := range said {
		if c, ok := strings.CutPrefix(id, "refusal."); ok && !seen[c] {
			t.Errorf("the sentence %q belongs to no refusal", id)
		}
	}
}

func TestEveryFaceReasonHasItsSentence(t *testing.T) { // R10
	reasons := constants(t, "../../proctor/identity/identity.go", "Reason")
	if len(reasons) < 10 {
		t.Fatalf("only %v found in package identity", reasons)
	}
	for _, r := range reasons {
		sentences(t, "face."+r)
	}
}

func TestOf(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/data/x", Err: err} }
	for _, tc := range []struct {
		err  error
		want problem.Code
	}{
		{problem.New(problem.CameraMissing, path(syscall.ENOSPC)), problem.CameraMissing},
		{fmt.Errorf("login: %w", problem.New(problem.PhotoMissing, fs.ErrNotExist)), problem.PhotoMissing},
		{path(syscall.ENOSPC), problem.DiskFull},
		{fmt.Errorf("write: %w", syscall.ENOSPC), problem.DiskFull},
		{path(syscall.EDQUOT), problem.DiskFull},
		{path(syscall.EROFS), problem.DiskReadOnly},
		{path(syscall.EACCES), problem.DiskReadOnly},
		{path(syscall.EPERM), problem.DiskReadOnly},
		{path(syscall.EIO), problem.DiskFailed},
		{fs.ErrNotExist, problem.DiskFailed},
		{path(syscall.ENOENT), problem.DiskFailed},
		{fmt.Errorf("x: %w", journal.ErrInUse), problem.SecondInstance},
		{fmt.Errorf("x: %w", vault.ErrSecret), problem.KeysDamaged},
		{&journal.DamagedError{Path: "x", Seq: 3, Why: "hash"}, problem.AttemptDamaged},
		{fmt.Errorf("x: %w", journal.ErrDamaged), problem.AttemptDamaged},
		{&session.DamagedAttemptError{Path: "x", Err: errors.New("gap")}, problem.AttemptDamaged},
		{&session.DamagedAttemptError{Path: "x", Err: path(syscall.ENOSPC)}, problem.AttemptDamaged},
		{errors.New("?"), problem.Unexpected},
		{nil, problem.Unexpected},
	} {
		if got := problem.Of(tc.err); got != tc.want {
			t.Errorf("Of(%v) = %s, want %s", tc.err, got, tc.want)
		}
	}
}

func TestRefusal(t *testing.T) {
	if code, ok := problem.Refusal(fmt.Errorf("x: %w", exam.ErrGround)); !ok || code != "ground" {
		t.Errorf("%q, %v", code, ok)
	}
	if _, ok := problem.Refusal(errors.New("x")); ok {
		t.Error("an error of the disk is a refusal of the rules")
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	err := problem.New(problem.DiskFull, syscall.ENOSPC)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "disk-full") {
		t.Errorf("%v", err)
	}
}

// The exit codes are as the program's help lists them; a start that fails never ends with the code of success.
func TestExitCodes(t *testing.T) {
	listed := map[int]string{
		problem.ExitOK: "ok", problem.ExitUnexpected: "unexpected", problem.ExitUsage: "usage", problem.ExitSecondInstance: "second",
		problem.ExitConfiguration: "configuration", problem.ExitDataFolder: "data", problem.ExitAttemptDamaged: "damaged", problem.ExitNoDisplay: "display",
	}
	if len(listed) != 8 {
		t.Errorf("two exit codes are the same: %v", listed)
	}
	want := map[problem.Code]int{
		problem.SecondInstance: 3, problem.SessionDamaged: 4, problem.ProfileDamaged: 4, problem.PaperDamaged: 4, problem.PhotoMissing: 4,
		problem.DiskFull: 5, problem.DiskReadOnly: 5, problem.DiskFailed: 5, problem.KeysDamaged: 5, problem.AttemptDamaged: 6, problem.NoDisplay: 7,
	}
	for _, c := range problem.All {
		w, ok := want[c]
		if !ok {
			w = 1
		}
		if got := c.Exit(); got != w {
			t.Errorf("%s ends with %d, documented is %d", c, got, w)
		}
	}
}
