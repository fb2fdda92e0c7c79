package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "emtihan"

// sourceFile is one Go file of the project.
type sourceFile struct {
	path string // relative to the repository, with slashes
	dir  string
	test bool
	ast  *ast.File
}

func sources(t *testing.T) []sourceFile {
	t.Helper()
	fset := token.NewFileSet()
	var out []sourceFile
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") && name != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, data, parser.ParseComments)
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(filepath.ToSlash(p), "../")
		out = append(out, sourceFile{path: rel, dir: path.Dir(rel), test: strings.HasSuffix(name, "_test.go"), ast: f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d Go files were found: the test looks in the wrong place", len(out))
	}
	return out
}

// mayImport says which of our rooms a room may import besides itself.
var mayImport = map[string][]string{
	"assets":  {"exam"},
	"exam":    {},
	"devices": {},
	"proctor": {"exam", "devices", "assets"},
	"station": {"exam", "proctor", "devices", "assets"},
	"cmd":     {"exam", "proctor", "devices", "station", "assets"},
}

// onlyIn says where a library may be used, by the beginning of its import path. Tests may look at what a library drew.
var onlyIn = map[string][]string{
	"fyne.io/fyne":     {"station", "proctor/desk", "proctor/console", "cmd/proctor"},
	"gocv.io/x/gocv":   {"devices/camera", "proctor/identity"},
	"go.bug.st/serial": {"devices/line"},
}

// The layers of docs/architecture.md, held by a machine.
func TestImports(t *testing.T) {
	for _, f := range sources(t) {
		room := strings.SplitN(f.dir, "/", 2)[0]
		allowed, known := mayImport[room]
		if !known {
			t.Errorf("%s: room %q is not in docs/architecture.md", f.path, room)
			continue
		}
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if rest, ours := strings.CutPrefix(imported, module+"/"); ours {
				to := strings.SplitN(rest, "/", 2)[0]
				if to != room && !slices.Contains(allowed, to) {
					t.Errorf("%s imports %s: %s must not know %s", f.path, imported, room, to)
				}
			}
			for library, places := range onlyIn {
				inside := func(p string) bool { return f.dir == p || strings.HasPrefix(f.dir, p+"/") }
				if strings.HasPrefix(imported, library) && !f.test && !slices.ContainsFunc(places, inside) {
					t.Errorf("%s imports %s, which belongs into %s", f.path, imported, strings.Join(places, ", "))
				}
			}
		}
	}
}

// Every package says once what it is for.
func TestPackageComments(t *testing.T) {
	comments := make(map[string][]string)
	packages := make(map[string]bool)
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		packages[f.dir] = true
		if f.ast.Doc == nil {
			continue
		}
		comments[f.dir] = append(comments[f.dir], f.path)
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + path.Base(f.dir) + " "
		}
		if !strings.HasPrefix(f.ast.Doc.Text(), want) {
			t.Errorf("%s: the package comment does not begin with %q", f.path, want)
		}
	}
	for dir := range packages {
		if n := len(comments[dir]); n != 1 {
			t.Errorf("%s has %d package comments: %v", dir, n, comments[dir])
		}
	}
}
