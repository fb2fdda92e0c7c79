package qti

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // to measure pictures
	_ "image/jpeg" // to measure pictures
	_ "image/png"  // to measure pictures
	"net/url"
	"path"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/xmltree"
)

// external reports whether the address names something outside any package: it has a scheme or a host.
func external(href string) bool {
	if strings.HasPrefix(href, "//") {
		return true
	}
	scheme, _, ok := strings.Cut(href, ":")
	if !ok || scheme == "" {
		return false
	}
	for _, r := range scheme {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.') {
			return false
		}
	}
	return true
}

// join returns the path that an address in the file at base means. It may begin with "..": then it leaves the package.
func join(base, href string) string {
	href, _, _ = strings.Cut(strings.TrimSpace(href), "#")
	if plain, err := url.PathUnescape(href); err == nil {
		href = plain
	}
	href = strings.ReplaceAll(href, `\`, "/")
	if strings.HasPrefix(href, "/") {
		return path.Clean(strings.TrimLeft(href, "/"))
	}
	return path.Join(path.Dir(base), href)
}

func leaves(name string) bool { return name == ".." || strings.HasPrefix(name, "../") }

func (d *document) join(href string) string { return join(d.path, href) }

// resolve returns the path of a file that content needs, or "" with a finding that says why it cannot be used.
func (d *document) resolve(n *xmltree.Node, href string) string {
	href = strings.TrimSpace(href)
	switch {
	case href == "":
		d.report(finding.Invalid, n, "no file is named")
		return ""
	case strings.HasPrefix(strings.ToLower(href), "data:"):
		return d.inline(n, href)
	case external(href):
		d.report(finding.Unsupported, n, "the file %q lies outside the package; nothing is fetched", shorten(href))
		return ""
	}
	name := d.join(href)
	if leaves(name) {
		d.report(finding.Invalid, n, "the address %q leads out of the package", shorten(href))
		return ""
	}
	found, exact, ok := d.p.source.Find(name)
	if !ok {
		// Some tools forget to encode the signs that others decode.
		if found, exact, ok = d.p.source.Find(path.Join(path.Dir(d.path), href)); !ok {
			d.report(finding.Invalid, n, "the file %q is not in the package", shorten(name))
			return ""
		}
	}
	if !exact {
		d.report(finding.Warning, n, "the file is called %q in the package, not %q", shorten(found), shorten(name))
	}
	if err := d.p.measure(found); err != nil {
		d.report(finding.Invalid, n, "the picture %q: %v", shorten(found), err)
		return ""
	}
	d.needs(found)
	return found
}

func (d *document) needs(name string) {
	if d.known == nil {
		d.known = make(map[string]bool)
	}
	if !d.known[name] {
		d.known[name] = true
		d.media = append(d.media, name)
	}
}

// inline keeps a picture that is written into the document and returns the name under which [Package.File] gives it.
func (d *document) inline(n *xmltree.Node, href string) string {
	head, data, ok := strings.Cut(href[len("data:"):], ",")
	if !ok {
		d.report(finding.Invalid, n, "the data: address has no data")
		return ""
	}
	mime, coded := strings.CutSuffix(head, ";base64")
	var raw []byte
	var err error
	if coded {
		raw, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data), ""))
	} else {
		var text string
		text, err = url.PathUnescape(data)
		raw = []byte(text)
	}
	if err != nil {
		d.report(finding.Invalid, n, "the data: address cannot be read: %v", err)
		return ""
	}
	mime, _, _ = strings.Cut(mime, ";")
	ending := map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/gif": ".gif", "image/svg+xml": ".svg", "audio/mpeg": ".mp3", "audio/wav": ".wav", "audio/ogg": ".ogg", "video/mp4": ".mp4"}[strings.ToLower(mime)]
	if ending == "" {
		d.report(finding.Unsupported, n, "a data: address of the type %q is not read", shorten(mime))
		return ""
	}
	name := fmt.Sprintf("data:%x%s", sha256.Sum256(raw), ending)
	if _, known := d.p.inlined[name]; !known {
		if d.p.inlinedBytes += int64(len(raw)); d.p.inlinedBytes > d.p.options.InlineBytes {
			d.report(finding.Invalid, n, "the data: addresses of the package have more than %d bytes together", d.p.options.InlineBytes)
			return ""
		}
		d.p.inlined[name] = raw
	}
	if err := d.p.measure(name); err != nil {
		d.report(finding.Invalid, n, "the picture in the document: %v", err)
		return ""
	}
	d.needs(name)
	return name
}

// measure reads the size of a picture from its head, before anything decodes it.
func (p *Package) measure(name string) error {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif":
	default:
		return nil
	}
	if err, known := p.measured[name]; known {
		return err
	}
	err := p.measureAnew(name)
	p.measured[name] = err
	return err
}

func (p *Package) measureAnew(name string) error {
	var config image.Config
	var err error
	if data, ok := p.inlined[name]; ok {
		config, _, err = image.DecodeConfig(bytes.NewReader(data))
	} else {
		in, openErr := p.source.Open(name)
		if openErr != nil {
			return openErr
		}
		config, _, err = image.DecodeConfig(in)
		err = errors.Join(err, in.Close())
	}
	if err != nil {
		return fmt.Errorf("its head cannot be read: %w", err)
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 || w > p.options.ImageSide || h > p.options.ImageSide || w*h > p.options.ImagePixels {
		return fmt.Errorf("it has %d × %d pixels; at most %d on a side and %d together are taken", w, h, p.options.ImageSide, p.options.ImagePixels)
	}
	return nil
}

// File returns a file that the content refers to, at most as large as the intake's limit for one file.
func (p *Package) File(name string) ([]byte, error) {
	if data, ok := p.inlined[name]; ok {
		return data, nil
	}
	return p.source.Read(name, p.source.Size(name))
}

// tree reads a document of the package.
func (p *Package) tree(name string) (*xmltree.Node, []xmltree.Remark, error) {
	data, err := p.source.Read(name, int64(p.options.XML.Bytes))
	if err != nil {
		return nil, nil, err
	}
	if p.parsed += int64(len(data)); p.parsed > p.options.Parsed {
		return nil, nil, &xmltree.Error{Text: fmt.Sprintf("the documents of the package have more than %d bytes together", p.options.Parsed), Hostile: true}
	}
	doc, err := xmltree.Parse(data, p.options.XML)
	if err != nil {
		return nil, nil, err
	}
	return doc.Root, doc.Remarks, nil
}

// maxIncludeDepth bounds inclusion in included documents.
const maxIncludeDepth = 4

// include reads a document of the package that another one shows in its place. The finding about it is reported here.
func (d *document) include(n *xmltree.Node, href string) (*xmltree.Node, func()) {
	name := d.join(href)
	fail := func(format string, args ...any) (*xmltree.Node, func()) {
		d.report(finding.Unsupported, n, "%q is not included: %s", shorten(href), fmt.Sprintf(format, args...))
		return nil, nil
	}
	if external(href) || leaves(name) || href == "" {
		return fail("only documents of the package are")
	}
	if d.includes++; d.includes > d.p.options.Includes || d.depth >= maxIncludeDepth {
		return fail("there are too many")
	}
	root, _, err := d.p.tree(name)
	if err != nil {
		return fail("%v", err)
	}
	outer := d.path
	d.path = name
	d.depth++
	return root, func() {
		d.leftovers(root)
		d.path = outer
		d.depth--
	}
}

// fatal reports whether an error means that the package as a whole is not to be trusted.
func fatal(err error) bool {
	var in *intake.Error
	if errors.As(err, &in) {
		return in.Reason != intake.Missing
	}
	var x *xmltree.Error
	return errors.As(err, &x) && x.Hostile
}
