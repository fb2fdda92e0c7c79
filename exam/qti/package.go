package qti

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/xmltree"
)

// Package is content that was read. It keeps its archive or folder open for [Package.File] until Close.
type Package struct {
	Name     string
	Manifest *Manifest // nil: loose files without a manifest
	Items    []*Item   // as in the manifest, then those that only tests name
	Tests    []*Test
	Unread   []string          // documents that are items, or listed as items or tests, and could not be read; findings say why
	Findings []finding.Finding // of all documents, the items' and tests' own among them

	source       *intake.Source
	close        func() error
	options      Options
	list         finding.List // of the package as a whole
	items        map[string]*Item
	tried        map[string]bool
	stimuli      map[string]*Stimulus
	used         map[string]bool // documents that something refers to
	inlined      map[string][]byte
	inlinedBytes int64
	parsed       int64
	kept         int    // findings of items and tests
	qti1         string // a document of QTI 1
	measured     map[string]error
}

// Manifest is what imsmanifest.xml says.
type Manifest struct {
	Path      string
	ID        string
	Schema    string // "QTI Package 3.0.0"
	Resources []Resource
}

// Resource is an entry of the manifest.
type Resource struct {
	ID, Type, Path string
	Files          []string
	Needs          []string // identifiers of other resources
	line           int
}

// Open reads a package from a zip archive, a folder with or without a manifest, or a single XML document. Errors are a
// [*RefusedError], or those of the file system.
func Open(name string, options Options) (*Package, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		source, err := intake.Dir(name, options.Intake)
		if err != nil {
			return nil, &RefusedError{Text: "the folder is refused: " + err.Error(), Err: err}
		}
		return keep(source.Close)(Read(filepath.Base(name), source, options, everything))
	}
	if strings.EqualFold(filepath.Ext(name), ".xml") {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		source, err := intake.Files(map[string][]byte{filepath.Base(name): data}, options.Intake)
		if err != nil {
			return nil, &RefusedError{Text: "the file is refused: " + err.Error(), Err: err}
		}
		return Read(filepath.Base(name), source, options, everything)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	source, err := intake.Zip(f, info.Size(), options.Intake)
	if err != nil {
		_ = f.Close() // only read from
		return nil, &RefusedError{Text: "the archive is refused: " + err.Error(), Err: err}
	}
	return keep(f.Close)(Read(filepath.Base(name), source, options, nil))
}

// keep gives the package what it has to close, or closes it where there is no package.
func keep(closer func() error) func(*Package, error) (*Package, error) {
	return func(p *Package, err error) (*Package, error) {
		if err != nil {
			_ = closer() // only read from
			return nil, err
		}
		p.close = closer
		return p, nil
	}
}

// Close releases the archive or folder.
func (p *Package) Close() error {
	if p.close == nil {
		return nil
	}
	return p.close()
}

func everything(string) bool { return true }

// Read reads a package from a source. Where it has no manifest, the XML documents that loose holds for are read; a nil loose refuses
// such a source.
func Read(name string, source *intake.Source, options Options, loose func(path string) bool) (*Package, error) {
	p := &Package{
		Name: name, source: source, options: options.filled(),
		items: make(map[string]*Item), tried: make(map[string]bool), stimuli: make(map[string]*Stimulus),
		used: make(map[string]bool), inlined: make(map[string][]byte), measured: make(map[string]error),
	}
	p.list.Max = p.options.Findings
	for _, r := range source.Remarks {
		p.list.Addf(finding.Warning, finding.Place{}, "%s", r)
	}
	manifest := p.findManifest(loose == nil)
	if manifest == "" && loose == nil {
		return nil, &RefusedError{Text: "the archive is no content package: it has no imsmanifest.xml"}
	}
	var err error
	if manifest != "" {
		err = p.readPackage(manifest)
	} else {
		err = p.readLoose(loose)
	}
	if err != nil {
		return nil, err
	}
	p.gather()
	if len(p.Items) == 0 && len(p.Tests) == 0 && p.qti1 != "" {
		return nil, &RefusedError{Text: fmt.Sprintf("the content is QTI 1 (%q), an older standard that is not read; its authors' tool must export QTI 2.1, 2.2 or 3.0", shorten(p.qti1)), Findings: p.blocking()}
	}
	if len(p.Items) == 0 && len(p.Tests) == 0 {
		return nil, &RefusedError{Text: "the package holds no item and no test that could be read", Findings: p.blocking()}
	}
	if bad := p.blocking(); p.options.Strict && len(bad) > 0 {
		return nil, &RefusedError{Text: fmt.Sprintf("the package has %d findings that block its use", len(bad)), Findings: bad}
	}
	return p, nil
}

func (p *Package) blocking() []finding.Finding {
	var out []finding.Finding
	p.gather()
	for _, f := range p.Findings {
		if f.Severity.Blocks() {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b finding.Finding) int { return int(b.Severity) - int(a.Severity) })
	return out
}

func (p *Package) gather() {
	p.Findings = p.list.All()
	for _, t := range p.Tests {
		p.Findings = append(p.Findings, t.Findings...)
	}
	for _, it := range p.Items {
		p.Findings = append(p.Findings, it.Findings...)
	}
}

// Item returns the item of the file.
func (p *Package) Item(path string) *Item { return p.items[path] }

const manifestName = "imsmanifest.xml"

// maxManifestDepth is how many folders deep a manifest may lie.
const maxManifestDepth = 3

// findManifest returns the manifest's path, or "". It belongs to the root; archives of whole folders have it deeper, which is taken where
// deeper allows it and there is one.
func (p *Package) findManifest(deeper bool) string {
	if name, exact, ok := p.source.Find(manifestName); ok {
		if !exact {
			p.list.Addf(finding.Warning, finding.Place{Path: name}, "the manifest is called %q, not %q", name, manifestName)
		}
		return name
	}
	if !deeper {
		return ""
	}
	var found []string
	for _, name := range p.source.Names() {
		if strings.EqualFold(path.Base(name), manifestName) && !strings.HasPrefix(name, "__MACOSX/") {
			found = append(found, name)
		}
	}
	if len(found) == 1 && strings.Count(found[0], "/") <= maxManifestDepth {
		p.list.Addf(finding.Warning, finding.Place{Path: found[0]}, "the manifest does not lie at the root of the package")
		return found[0]
	}
	return ""
}

func (p *Package) readManifest(name string) (*Manifest, error) {
	root, remarks, err := p.tree(name)
	if err != nil {
		return nil, &RefusedError{Text: fmt.Sprintf("the manifest cannot be read: %v", err), Err: err}
	}
	if root.Name != "manifest" {
		return nil, &RefusedError{Text: fmt.Sprintf("the manifest is no manifest: its root is <%s>", root.Raw)}
	}
	p.remarks(&p.list, name, remarks)
	m := &Manifest{Path: name, ID: root.Attr("identifier")}
	base := root.Attr("xml:base")
	for n := range root.Elements() {
		switch n.Name {
		case "metadata":
			if s := n.First("schema"); s != nil {
				m.Schema = strings.TrimSpace(s.Content())
			}
			if v := n.First("schemaversion"); v != nil {
				m.Schema = strings.TrimSpace(m.Schema + " " + strings.TrimSpace(v.Content()))
			}
		case "resources":
			within := base + n.Attr("xml:base")
			for c := range n.Elements() {
				if c.Name == "resource" {
					m.Resources = append(m.Resources, p.resource(name, within, c))
				}
			}
		}
	}
	if len(m.Resources) == 0 {
		p.list.Addf(finding.Invalid, finding.Place{Path: name, Line: root.Line}, "the manifest lists no resources")
	}
	return m, nil
}

func (p *Package) resource(manifest, base string, n *xmltree.Node) Resource {
	r := Resource{ID: n.Attr("identifier"), Type: strings.TrimSpace(n.Attr("type")), line: n.Line}
	base += n.Attr("xml:base")
	if href := strings.TrimSpace(n.Attr("href")); href != "" {
		r.Path = base + href
	}
	for c := range n.Elements() {
		switch c.Name {
		case "file":
			if href := strings.TrimSpace(c.Attr("href")); href != "" {
				r.Files = append(r.Files, base+href)
			}
		case "dependency":
			r.Needs = append(r.Needs, c.Attr("identifierref"))
		}
	}
	if r.Path == "" && len(r.Files) > 0 && strings.HasPrefix(r.Type, "imsqti_") {
		r.Path = r.Files[0]
	}
	return r
}

// qtiKind returns what a resource of the type holds as the root element's name, or "".
func qtiKind(resourceType string) string {
	t := strings.Replace(strings.ToLower(resourceType), "imsqti_apip", "imsqti_", 1) // the accessible portable items of QTI 2
	switch {
	case !strings.HasPrefix(t, "imsqti_"):
		return ""
	case strings.HasPrefix(t, "imsqti_item"):
		return "assessment-item"
	case strings.HasPrefix(t, "imsqti_test"), strings.HasPrefix(t, "imsqti_assessment_"):
		return "assessment-test"
	case strings.HasPrefix(t, "imsqti_section"):
		return "assessment-section"
	case strings.HasPrefix(t, "imsqti_stimulus"):
		return "assessment-stimulus"
	}
	return ""
}

// oldQTI reports whether a resource of the type is QTI 1 or what learning platforms made of it.
func oldQTI(resourceType string) bool {
	t := strings.ToLower(resourceType)
	return strings.HasPrefix(t, "imsqti_xmlv1") || strings.HasPrefix(t, "imsqti_item_xmlv1") || strings.HasPrefix(t, "assessment/x-bb-qti")
}

func (p *Package) readPackage(manifest string) error {
	m, err := p.readManifest(manifest)
	if err != nil {
		return err
	}
	p.Manifest = m
	var tests, items []string
	declared := map[string]bool{manifest: true}
	for i := range m.Resources {
		r := &m.Resources[i]
		kind := qtiKind(r.Type)
		at := finding.Place{Path: manifest, Line: r.line, Element: "resource"}
		for k, f := range r.Files {
			name := join(manifest, f)
			r.Files[k] = name
			if external(f) || leaves(name) {
				return &RefusedError{Text: fmt.Sprintf("the manifest names a file outside the package: %q", shorten(f)), Findings: []finding.Finding{{Severity: finding.Invalid, Place: at, Text: "the file lies outside the package"}}}
			}
			found, exact, ok := p.source.Find(name)
			switch {
			case !ok && f != r.Path:
				p.list.Addf(finding.Warning, at, "the file %q is listed and not in the package", shorten(name))
			case ok && !exact:
				p.list.Addf(finding.Warning, at, "the file is called %q in the package, not %q", shorten(found), shorten(name))
			}
			declared[found] = true
		}
		if oldQTI(r.Type) {
			p.qti1 = cmpOr(p.qti1, cmpOr(r.Path, r.Type))
			p.list.Addf(finding.Unsupported, at, "QTI 1 is not read (%s)", shorten(r.Path))
			continue
		}
		if r.Path == "" {
			continue
		}
		if external(r.Path) {
			if kind == "" {
				continue // a link for people
			}
			return &RefusedError{Text: fmt.Sprintf("the manifest names a document outside the package: %q", shorten(r.Path))}
		}
		name := join(manifest, r.Path)
		if leaves(name) {
			return &RefusedError{Text: fmt.Sprintf("the manifest names a document outside the package: %q", shorten(r.Path))}
		}
		found, exact, ok := p.source.Find(name)
		if !ok {
			if kind != "" {
				p.list.Addf(finding.Invalid, at, "the document %q is not in the package", shorten(name))
			}
			r.Path = name
			continue
		}
		if !exact {
			p.list.Addf(finding.Warning, at, "the document is called %q in the package, not %q", shorten(found), shorten(name))
		}
		r.Path = found
		declared[found] = true
		switch kind {
		case "assessment-item":
			items = append(items, found)
		case "assessment-test":
			tests = append(tests, found)
		}
	}
	if err := p.readDocuments(tests, items, true); err != nil {
		return err
	}
	for _, name := range p.source.Names() {
		if !declared[name] && !p.used[name] && !p.tried[name] && strings.EqualFold(path.Ext(name), ".xml") {
			p.list.Addf(finding.Note, finding.Place{Path: name}, "the document is not in the manifest and was not read")
		}
	}
	return nil
}

// readLoose reads whatever items and tests lie among the files.
func (p *Package) readLoose(wanted func(path string) bool) error {
	var tests, items []string
	for _, name := range p.source.Names() {
		if !strings.EqualFold(path.Ext(name), ".xml") || strings.EqualFold(path.Base(name), manifestName) || !wanted(name) {
			continue
		}
		root, _, err := p.tree(name)
		if err != nil {
			p.list.Addf(finding.Invalid, finding.Place{Path: name}, "%v", err)
			if p.looksLikeItem(name) {
				p.Unread = append(p.Unread, name)
			}
			continue
		}
		switch root.Name {
		case "assessment-item":
			items = append(items, name)
		case "assessment-test":
			tests = append(tests, name)
		case "assessment-section", "assessment-stimulus", "response-processing":
		case "questestinterop":
			p.qti1 = cmpOr(p.qti1, name)
			p.list.Addf(finding.Unsupported, finding.Place{Path: name}, "QTI 1 is not read")
		default:
			p.list.Addf(finding.Note, finding.Place{Path: name}, "the document is a <%s>, neither item nor test, and was not read", root.Raw)
		}
	}
	return p.readDocuments(tests, items, false)
}

// looksLikeItem reports whether a document that cannot be read begins as an item does.
func (p *Package) looksLikeItem(name string) bool {
	data, err := p.source.Read(name, int64(p.options.XML.Bytes))
	if err != nil {
		return false
	}
	head := bytes.ReplaceAll(data[:min(len(data), 4096)], []byte{0}, nil) // UTF-16
	return bytes.Contains(head, []byte("assessmentItem")) || bytes.Contains(head, []byte("assessment-item"))
}

// readDocuments reads tests, the items listed, and the items that only tests name.
func (p *Package) readDocuments(tests, items []string, listed bool) error {
	total := len(tests) + len(items)
	done := 0
	progress := func() {
		done++
		if p.options.Progress != nil {
			p.options.Progress(done, max(total, done))
		}
	}
	for _, name := range tests {
		if p.tried[name] {
			continue
		}
		p.tried[name] = true
		if err := p.readTest(name, listed); err != nil {
			return err
		}
		progress()
	}
	for _, name := range items {
		if err := p.readItem(name, finding.Place{Path: name}, listed); err != nil {
			return err
		}
		progress()
	}
	for _, t := range p.Tests {
		for _, ref := range t.Items() {
			if err := p.connect(t, ref, listed); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Package) connect(t *Test, ref *ItemRef, listed bool) error {
	if ref.Path == "" {
		return nil
	}
	at := finding.Place{Path: t.Path, Line: ref.line, Element: "assessmentItemRef"}
	found, exact, ok := p.source.Find(ref.Path)
	if !ok {
		t.Findings = append(t.Findings, finding.Finding{Severity: finding.Invalid, Place: at, Text: fmt.Sprintf("the item %q is not in the package", shorten(ref.Path))})
		return nil
	}
	if !exact {
		t.Findings = append(t.Findings, finding.Finding{Severity: finding.Warning, Place: at, Text: fmt.Sprintf("the item is called %q in the package, not %q", shorten(found), shorten(ref.Path))})
	}
	ref.Path = found
	if !p.tried[found] {
		if listed {
			t.Findings = append(t.Findings, finding.Finding{Severity: finding.Warning, Place: at, Text: fmt.Sprintf("the item %q is not in the manifest; it was read all the same", shorten(found))})
		}
		if err := p.readItem(found, at, false); err != nil {
			return err
		}
	}
	if ref.Item = p.items[found]; ref.Item == nil {
		t.Findings = append(t.Findings, finding.Finding{Severity: finding.Invalid, Place: at, Text: fmt.Sprintf("the item %q could not be read", shorten(found))})
	}
	return nil
}

func (p *Package) remarks(list *finding.List, name string, remarks []xmltree.Remark) {
	for _, r := range remarks {
		list.Addf(finding.Warning, finding.Place{Path: name, Line: r.Line}, "%s", r.Text)
	}
}

// broken notes that a document cannot be read, or refuses the package if the document is hostile.
func (p *Package) broken(name string, err error, listed bool) error {
	if listed && fatal(err) {
		return &RefusedError{Text: fmt.Sprintf("the package is refused because of %q: %v", shorten(name), err), Err: err}
	}
	p.Unread = append(p.Unread, name)
	place := finding.Place{Path: name}
	var x *xmltree.Error
	if errors.As(err, &x) {
		place.Line = x.Line
		p.list.Addf(finding.Invalid, place, "%s", x.Text)
		return nil
	}
	p.list.Addf(finding.Invalid, place, "%v", err)
	return nil
}

func mismatch(manifestKind string, root *xmltree.Node, name string) error {
	return &RefusedError{Text: fmt.Sprintf("the manifest contradicts its files: it says that %q holds an %s, and its root is <%s>", shorten(name), manifestKind, root.Raw)}
}

// Beyond manyFindings only fewFindings are kept of each further document, so that a bank of broken items does not fill the memory.
const (
	manyFindings = 20_000
	fewFindings  = 10
)

func (p *Package) document(name string, remarks []xmltree.Remark) *document {
	limit := p.options.Findings
	if p.kept > manyFindings {
		limit = min(limit, fewFindings)
	}
	d := &document{p: p, path: name, list: &finding.List{Max: limit}}
	p.remarks(d.list, name, remarks)
	return d
}

func (d *document) findings() []finding.Finding {
	all := d.list.All()
	d.p.kept += len(all)
	return all
}

func (p *Package) readTest(name string, listed bool) error {
	root, remarks, err := p.tree(name)
	if err != nil {
		return p.broken(name, err, listed)
	}
	if root.Name != "assessment-test" {
		return mismatch("assessment test", root, name)
	}
	d := p.document(name, remarks)
	t := d.test(root)
	d.leftovers(root)
	t.Findings = d.findings()
	p.Tests = append(p.Tests, t)
	return nil
}

func (p *Package) readItem(name string, at finding.Place, listed bool) error {
	if p.tried[name] {
		return nil
	}
	p.tried[name] = true
	if len(p.Items) >= p.options.Items {
		return &RefusedError{Text: fmt.Sprintf("the package has more than %d items", p.options.Items)}
	}
	root, remarks, err := p.tree(name)
	if err != nil {
		return p.broken(name, err, listed)
	}
	if root.Name != "assessment-item" {
		if listed {
			return mismatch("item", root, name)
		}
		p.list.Addf(finding.Invalid, at, "the document %q is a <%s>, no item", shorten(name), root.Raw)
		return nil
	}
	d := p.document(name, remarks)
	it := d.item(root)
	d.leftovers(root)
	it.Findings = d.findings()
	p.Items = append(p.Items, it)
	p.items[name] = it
	return nil
}

// stimulus reads a shared text once.
func (p *Package) stimulus(name string) (*Stimulus, error) {
	found, _, ok := p.source.Find(name)
	if !ok {
		return nil, errors.New("it is not in the package")
	}
	if s, ok := p.stimuli[found]; ok {
		return s, nil
	}
	root, remarks, err := p.tree(found)
	if err != nil {
		return nil, err
	}
	if root.Name != "assessment-stimulus" {
		return nil, fmt.Errorf("its root is <%s>", root.Raw)
	}
	p.used[found] = true
	d := &document{p: p, path: found, list: &p.list}
	p.remarks(d.list, found, remarks)
	s := &Stimulus{Path: found, ID: root.Attr("identifier"), Title: root.Attr("title")}
	r := d.reader()
	for n := range root.Elements() {
		switch n.Name {
		case "stimulus-body":
			s.Body = append(s.Body, r.Blocks(n)...)
		case "stylesheet", "catalog-info":
			d.report(finding.Note, n, "%s is not used", n.Raw)
			n.Skip()
		}
	}
	if len(r.Interactions) > 0 {
		d.report(finding.Invalid, root, "a shared text has interactions")
	}
	d.leftovers(root)
	s.Media = d.media
	p.stimuli[found] = s
	return s, nil
}
