// Package assets embeds what an exam is made of besides code: profiles and the demonstration papers.
package assets

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"emtihan/exam"
)

//go:embed profiles/*.toml papers/*.toml papers/*/*.svg
var files embed.FS

// Profile returns the built-in exam profile with the id. It returns an error that names the known ones.
func Profile(id string) (*exam.Profile, error) {
	data, err := read("profiles", id)
	if err != nil {
		return nil, err
	}
	return exam.ParseProfile(data)
}

// Paper returns the built-in demonstration paper with the id. It returns an error that names the known ones.
func Paper(id string) (*exam.Paper, error) {
	data, err := read("papers", id)
	if err != nil {
		return nil, err
	}
	return exam.ParsePaper(data)
}

// Names lists what a folder ("profiles" or "papers") holds.
func Names(folder string) []string {
	entries, _ := fs.ReadDir(files, folder)
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			continue // the media of a paper
		}
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	sort.Strings(names)
	return names
}

// Source returns the file of a built-in profile or paper as it is.
func Source(folder, id string) ([]byte, error) { return read(folder, id) }

// Medium returns a file of a built-in paper's media.
func Medium(paper, file string) ([]byte, error) {
	if paper == tunePaper && file == tuneFile {
		return tune(), nil
	}
	data, err := files.ReadFile("papers/" + paper + "/" + file)
	if err != nil {
		return nil, errors.New("there is no such file beside the paper, and none is built in")
	}
	return data, nil
}

func read(folder, id string) ([]byte, error) {
	data, err := files.ReadFile(folder + "/" + id + ".toml")
	if err != nil {
		return nil, fmt.Errorf("no %s %q; there are %s", strings.TrimSuffix(folder, "s"), id, strings.Join(Names(folder), ", "))
	}
	return data, nil
}
