package qti

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"emtihan/exam/qti/intake"
)

// Unit is something in a folder that can be opened: an archive, a folder with a manifest, or loose documents.
type Unit struct {
	Path  string
	Flat  bool // only the loose documents directly in the folder
	Loose bool // no manifest
}

// Open reads the unit.
func (u Unit) Open(options Options) (*Package, error) {
	if !u.Flat {
		return Open(u.Path, options)
	}
	source, err := intake.Dir(u.Path, options.Intake)
	if err != nil {
		return nil, &RefusedError{Text: "the folder is refused: " + err.Error(), Err: err}
	}
	direct := func(name string) bool { return !strings.Contains(name, "/") }
	return keep(source.Close)(Read(filepath.Base(u.Path), source, options, direct))
}

// Discover finds the packages and loose documents under a folder, in the order of their paths. A single file is one unit. Links are
// not followed.
func Discover(root string) ([]Unit, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []Unit{{Path: root, Loose: strings.EqualFold(filepath.Ext(root), ".xml")}}, nil
	}
	return discover(root)
}

func discover(dir string) ([]Unit, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	documents := false
	for _, e := range entries {
		if strings.EqualFold(e.Name(), manifestName) && e.Type().IsRegular() {
			packed, err := archives(dir)
			return append([]Unit{{Path: dir}}, packed...), err
		}
		documents = documents || e.Type().IsRegular() && strings.EqualFold(filepath.Ext(e.Name()), ".xml")
	}
	packed, err := hasPackages(dir)
	if err != nil {
		return nil, err
	}
	if !packed {
		some, err := hasDocuments(dir)
		if err != nil || !some {
			return nil, err
		}
		return []Unit{{Path: dir, Loose: true}}, nil
	}
	var out []Unit
	if documents {
		out = append(out, Unit{Path: dir, Flat: true, Loose: true})
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			sub, err := discover(name)
			if err != nil {
				return nil, err
			}
			out = append(out, sub...)
		case e.Type().IsRegular() && strings.EqualFold(filepath.Ext(e.Name()), ".zip"):
			out = append(out, Unit{Path: name})
		}
	}
	slices.SortStableFunc(out, func(a, b Unit) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// archives returns the zip files under a folder.
func archives(dir string) (out []Unit, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.EqualFold(filepath.Ext(name), ".zip") {
			out = append(out, Unit{Path: name})
		}
		return err
	})
	return out, err
}

func contains(dir string, wanted func(name string) bool) (bool, error) {
	found := false
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() && wanted(d.Name()) {
			found = true
			return filepath.SkipAll
		}
		return nil
	})
	return found, err
}

func hasPackages(dir string) (bool, error) {
	return contains(dir, func(name string) bool {
		return strings.EqualFold(filepath.Ext(name), ".zip") || strings.EqualFold(name, manifestName)
	})
}

func hasDocuments(dir string) (bool, error) {
	return contains(dir, func(name string) bool { return strings.EqualFold(filepath.Ext(name), ".xml") })
}
