//go:build cgo

package main

import (
	"errors"
	"io/fs"
	"math"

	"emtihan/exam/qti/table"
	"emtihan/proctor/identity"
)

// faceJudge compares with the models that the stations use.
type faceJudge struct {
	v     *identity.Verifier
	known map[string]identity.Still // by file
}

// mostKnown bounds what is kept of a long list, some kilobytes a picture.
const mostKnown = 20_000

// mostPicture is the size of a picture file, as package identity has it.
const mostPicture = 16 << 20

func newJudge(dir string) (judge, error) {
	v, err := identity.Load(dir)
	if err != nil {
		return nil, err
	}
	return &faceJudge{v: v, known: make(map[string]identity.Still)}, nil
}

func (j *faceJudge) close() { _ = j.v.Close() } // its error is always nil

func (j *faceJudge) still(path string) (identity.Still, error) {
	if s, ok := j.known[path]; ok {
		return s, nil
	}
	data, err := readLimited(path, mostPicture)
	if err != nil {
		return identity.Still{}, err
	}
	s := j.v.Still(data)
	if len(j.known) < mostKnown {
		j.known[path] = s
	}
	return s, nil
}

func (j *faceJudge) judge(l *faceLine, path func(string) string) {
	l.Threshold, l.RefuseBelow = identity.AcceptAt, identity.RefuseBelow
	l.Verdict, l.Reason = string(identity.Unsure), string(identity.BadPhoto)
	a, errA := j.still(path(l.A))
	b, errB := j.still(path(l.B))
	if err := errors.Join(unread(l.A, errA), unread(l.B, errB)); err != nil {
		l.fail(err)
		return
	}
	l.Quality = &faceQuality{A: photoQuality(a.Report), B: photoQuality(b.Report)}
	r, err := identity.CompareStills(a, b)
	l.Verdict, l.Reason = string(r.Verdict), string(r.Reason)
	if err != nil {
		l.fail(err)
		return
	}
	score := math.Round(r.Score*1e4) / 1e4
	l.Score = &score
}

// unread says which file could not be read and why, without its path on this computer.
func unread(name string, err error) error {
	var pe *fs.PathError
	var much *table.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pe):
		return errors.New(name + ": " + pe.Err.Error())
	case errors.As(err, &much):
		return errors.New(name + ": " + much.Text)
	}
	return errors.New(name + ": " + err.Error())
}

func photoQuality(r identity.PhotoReport) facePhoto {
	words := func(in []identity.Reason) []string {
		out := make([]string, 0, len(in))
		for _, x := range in {
			out = append(out, string(x))
		}
		return out
	}
	return facePhoto{Usable: r.Usable, Reasons: words(r.Reasons), Warnings: words(r.Warnings), Faces: r.Faces, Side: r.Side}
}
