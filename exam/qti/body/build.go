package body

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

// Reader reads bodies.
type Reader struct {
	Report processing.Reporter
	// Resolve returns the path of a file that the content refers to. It reports what is wrong with the reference and returns ""
	// where the file cannot be used. A nil Resolve refuses all.
	Resolve func(n *xmltree.Node, href string) string
	// Include returns the root of another document of the package that is to stand in the element's place, or nil; done is called when
	// it has been read. It may be nil.
	Include func(n *xmltree.Node, href string) (root *xmltree.Node, done func())

	Interactions []*Interaction // what was read so far, in document order
	gaps         *[]Option      // of the gap match that is being read
	hottexts     *[]Option      // of the hottext interaction that is being read
}

// Blocks reads the content of the element.
func (r *Reader) Blocks(n *xmltree.Node) []Block {
	n.See()
	f := flow{r: r}
	f.children(n, inlineState{})
	return f.done()
}

// inlines reads content that stands in a line; blocks in it are reported and their text is kept.
func (r *Reader) inlines(n *xmltree.Node, st inlineState) []Inline {
	n.See()
	f := flow{r: r, inlineOnly: true}
	f.children(n, st)
	f.trim()
	return joined(f.line)
}

// span reads inline content that stands in the middle of a line, where the space at its ends counts.
func (r *Reader) span(n *xmltree.Node, st inlineState) []Inline {
	n.See()
	f := flow{r: r, inlineOnly: true}
	f.children(n, st)
	return joined(f.line)
}

type inlineState struct {
	style Style
	lang  string
	pre   bool
}

// flow collects blocks; inlines that stand directly among blocks become paragraphs of their own.
type flow struct {
	r          *Reader
	inlineOnly bool
	blocks     []Block
	line       []Inline
	align      string
}

func (f *flow) done() []Block {
	f.flush()
	return f.blocks
}

func (f *flow) flush() {
	f.trim()
	if len(f.line) > 0 {
		f.blocks = append(f.blocks, &Paragraph{Inlines: joined(f.line), Align: f.align})
		f.line = nil
	}
}

func (f *flow) add(b Block) {
	f.flush()
	f.blocks = append(f.blocks, b)
}

func (f *flow) put(i Inline) { f.line = append(f.line, i) }

// trim takes the space away from both ends of the line, as browsers do, and joins pieces of the same style.
func (f *flow) trim() {
	for len(f.line) > 0 {
		t, ok := f.line[0].(*Text)
		if !ok {
			break
		}
		if t.Text = strings.TrimLeft(t.Text, " \n"); t.Text != "" {
			break
		}
		f.line = f.line[1:]
	}
	for len(f.line) > 0 {
		t, ok := f.line[len(f.line)-1].(*Text)
		if !ok {
			break
		}
		if t.Text = strings.TrimRight(t.Text, " \n"); t.Text != "" {
			break
		}
		f.line = f.line[:len(f.line)-1]
	}
}

// collapse makes one space of every run of white space; the no-break space is no white space here.
func collapse(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// longPiece is how long a text may grow piece by piece: joining a million pieces one by one would take hours. What is longer is joined at the
// end of its line.
const longPiece = 4096

// joined makes one of neighbouring texts of one style.
func joined(line []Inline) []Inline {
	out := line[:0]
	for i := 0; i < len(line); {
		first, ok := line[i].(*Text)
		n := 1
		if ok && len(first.Text) >= longPiece {
			var b strings.Builder
			b.WriteString(first.Text)
			for _, x := range line[i+1:] {
				t, ok := x.(*Text)
				if !ok || t.Style != first.Style || t.Lang != first.Lang {
					break
				}
				b.WriteString(t.Text)
				n++
			}
			first.Text = b.String()
		}
		out = append(out, line[i])
		i += n
	}
	return out
}

func (f *flow) text(s string, st inlineState) {
	if !st.pre {
		s = collapse(s)
	}
	if s == "" {
		return
	}
	if len(f.line) > 0 {
		switch last := f.line[len(f.line)-1].(type) {
		case *Text:
			if !st.pre && strings.HasSuffix(last.Text, " ") {
				s = strings.TrimPrefix(s, " ")
			}
			if last.Style == st.style && last.Lang == st.lang && len(last.Text) < longPiece {
				last.Text += s
				return
			}
		case *Break:
			if !st.pre {
				s = strings.TrimPrefix(s, " ")
			}
		}
	}
	if s != "" {
		f.put(&Text{Text: s, Style: st.style, Lang: st.lang})
	}
}

func (f *flow) children(n *xmltree.Node, st inlineState) {
	for _, c := range n.Children {
		f.node(c, st)
	}
}

var inlineStyles = map[string]Style{
	"b": Bold, "strong": Bold, "i": Italic, "em": Italic, "cite": Italic, "dfn": Italic, "var": Italic,
	"u": Underline, "ins": Underline, "s": Strike, "del": Strike, "strike": Strike,
	"code": Code, "tt": Code, "samp": Code, "kbd": Code, "sub": Subscript, "sup": Superscript, "small": Small, "big": Big, "q": Quoted,
	"span": 0, "abbr": 0, "acronym": 0, "bdo": 0, "bdi": 0, "font": 0, "time": 0, "data": 0, "mark": Bold, "label": 0, "rb": 0, "rbc": 0,
}

// groups are the elements that only hold blocks together.
var groups = map[string]bool{
	"div": true, "section": true, "article": true, "aside": true, "header": true, "footer": true, "nav": true, "main": true,
	"figure": true, "figcaption": true, "address": true, "center": true, "details": true, "summary": true, "hgroup": true,
	"fieldset": true, "legend": true, "stimulus": true, "stimulus-body": true,
}

func (f *flow) node(n *xmltree.Node, st inlineState) {
	r := f.r
	if n.IsText() {
		f.text(n.Content(), st)
		return
	}
	if lang := n.Attr("xml:lang"); lang != "" {
		st.lang = lang
	} else if lang := n.Attr("lang"); lang != "" {
		st.lang = lang
	}
	switch n.Space {
	case xmltree.MathML:
		if n.Name == "math" {
			f.put(readMath(n, st))
			return
		}
	case xmltree.SVG:
		if n.Name == "svg" {
			im := &Image{Width: pixels(n.Attr("width")), Height: pixels(n.Attr("height")), Style: st.style}
			if t := n.First("title"); t != nil {
				im.Alt = collapse(t.Content())
			}
			im.SVG = n.XML()
			f.put(im)
			return
		}
	case xmltree.SSML:
		// Speech marks only say how to read aloud; the text inside is the text.
		n.Attr("alias")
		r.Report(finding.Note, n, "marks for reading aloud are not kept")
		n.See()
		f.children(n, st)
		return
	case xmltree.Include:
		if r.Include != nil {
			href := n.Attr("href")
			if n.Attr("parse") == "text" {
				href = ""
			}
			n.Skip()
			if root, done := r.Include(n, href); root != nil {
				f.node(root, st)
				done()
			}
			return
		}
		n.Skip()
		r.Report(finding.Unsupported, n, "content included from %q is not read", n.Attr("href"))
		return
	case xmltree.Foreign:
		r.Report(finding.Unsupported, n, "content of the vocabulary %q is not known", n.URI)
		n.Skip()
		return
	}
	if style, ok := inlineStyles[n.Name]; ok {
		n.See()
		st.style |= style
		if n.Name == "abbr" || n.Name == "acronym" {
			n.Attr("title")
		}
		f.children(n, st)
		return
	}
	if groups[n.Name] {
		f.group(n, st)
		return
	}
	if strings.HasSuffix(n.Name, "-interaction") || n.Name == "position-object-stage" {
		f.interaction(n, st)
		return
	}
	f.element(n, st)
}

func (f *flow) group(n *xmltree.Node, st inlineState) {
	n.See()
	if n.Name == "stimulus" {
		f.r.Report(finding.Warning, n, "%s is no element of an item's body; its content is read as a part of it", n.Raw)
	}
	if f.inlineOnly {
		f.children(n, st)
		return
	}
	f.flush()
	inner := flow{r: f.r, align: n.Attr("align")}
	inner.children(n, st)
	blocks := inner.done()
	class := n.Attr("class")
	if n.Name == "div" && class == "" && st.lang == "" {
		f.blocks = append(f.blocks, blocks...)
		return
	}
	if len(blocks) > 0 {
		f.blocks = append(f.blocks, &Group{Role: n.Name, Class: class, Lang: st.lang, Blocks: blocks})
	}
}

func (f *flow) element(n *xmltree.Node, st inlineState) {
	r := f.r
	switch n.Name {
	case "p":
		f.paragraph(n, st)
	case "h1", "h2", "h3", "h4", "h5", "h6":
		if f.inlineOnly {
			st.style |= Bold
			f.children(n, st)
			n.See()
			return
		}
		f.add(&Heading{Level: int(n.Name[1] - '0'), Inlines: r.inlines(n, st)})
	case "br":
		n.See()
		if len(f.line) > 0 {
			if t, ok := f.line[len(f.line)-1].(*Text); ok && !st.pre {
				t.Text = strings.TrimRight(t.Text, " ")
			}
		}
		f.put(&Break{})
		f.children(n, st)
	case "hr":
		n.See()
		if !f.inlineOnly {
			f.add(&Rule{})
		}
	case "ul", "ol":
		f.block(n, st, r.list(n, st))
	case "dl":
		f.block(n, st, r.definitions(n, st))
	case "table":
		f.block(n, st, r.table(n, st))
	case "blockquote":
		n.Attr("cite")
		f.block(n, st, &Quote{Blocks: r.Blocks(n)})
	case "pre":
		st.pre = true
		f.block(n, st, &Preformatted{Inlines: r.span(n, st)})
	case "a":
		f.put(&Link{Target: n.Attr("href"), Inlines: r.span(n, st)})
		n.Attr("type")
		if n.Attr("href") != "" {
			r.Report(finding.Note, n, "links lead nowhere in an exam; the text is kept")
		}
	case "img":
		f.put(r.image(n, st))
	case "picture":
		f.picture(n, st)
	case "object", "audio", "video", "embed", "iframe":
		f.object(n, st)
	case "ruby":
		f.put(r.ruby(n, st))
	case "printed-variable":
		f.put(r.variable(n, st))
	case "gap":
		r.gap(f, n)
	case "hottext":
		r.hottext(f, n, st)
	case "feedback-inline", "template-inline":
		f.put(&When{Condition: condition(n), Inlines: r.span(n, st)})
	case "feedback-block", "template-block":
		c := condition(n)
		if f.inlineOnly {
			f.put(&When{Condition: c, Inlines: r.inlines(n, st)})
			return
		}
		f.add(&Conditional{Condition: c, Blocks: r.Blocks(n)})
	case "rubric-block":
		f.add(r.Rubric(n))
	case "content-body", "info-control":
		if n.Name == "info-control" {
			n.Attr("title")
			r.Report(finding.Warning, n, "information that is shown on demand is always shown")
		}
		n.See()
		f.children(n, st)
	case "template-body", "modal-feedback", "stylesheet", "catalog-info", "script", "style", "noscript", "template", "link", "meta":
		r.Report(finding.Note, n, "%s is left out of the body", n.Raw)
		n.Skip()
	case "param", "source", "track", "wbr", "col", "colgroup", "rp", "companion-materials-info":
		n.Skip()
	case "item-body":
		n.See()
		f.children(n, st)
	default:
		r.Report(finding.Warning, n, "the element %s is not known in a body; its text is kept", n.Raw)
		n.See()
		f.children(n, st)
	}
}

// block adds a block where blocks may stand. Inside a line only its text can be kept, which is said.
func (f *flow) block(n *xmltree.Node, st inlineState, b Block) {
	if !f.inlineOnly {
		f.add(b)
		return
	}
	f.r.Report(finding.Warning, n, "%s stands inside a line of text; only its text is kept", n.Raw)
	for _, i := range Inlines([]Block{b}) {
		f.put(i)
	}
}

func (f *flow) paragraph(n *xmltree.Node, st inlineState) {
	n.See()
	if f.inlineOnly {
		if len(f.line) > 0 {
			f.put(&Break{})
		}
		f.children(n, st)
		return
	}
	f.flush()
	// HTML allows no blocks in a paragraph; QTI content has them all the same, so that a paragraph is read like any other flow.
	inner := flow{r: f.r, align: n.Attr("align")}
	inner.children(n, st)
	for _, b := range inner.done() {
		if p, ok := b.(*Paragraph); ok {
			p.Lang = st.lang
		}
		f.blocks = append(f.blocks, b)
	}
}

func (r *Reader) variable(n *xmltree.Node, st inlineState) *Variable {
	v := &Variable{ID: strings.TrimSpace(n.Attr("identifier")), Format: n.Attr("format"), Style: st.style, Field: n.Attr("field"), Delimiter: n.Attr("delimiter"), Indicator: n.Attr("mapping-indicator")}
	v.Index = r.count(n, "index", 0)
	if base := r.count(n, "base", 10); base != 10 && v.Format == "" {
		switch base {
		case 2:
			v.Format = "%b"
		case 8:
			v.Format = "%o"
		case 16:
			v.Format = "%x"
		default:
			r.Report(finding.Warning, n, "numbers are not printed to the base %d", base)
		}
	}
	if n.Attr("power-form") == "true" {
		r.Report(finding.Note, n, "powers of ten are printed as e")
	}
	return v
}

func condition(n *xmltree.Node) Condition {
	c := Condition{Value: strings.TrimSpace(n.Attr("identifier")), Show: n.Attr("show-hide") != "hide"}
	if strings.HasPrefix(n.Name, "feedback") {
		c.Feedback = true
		c.Variable = strings.TrimSpace(n.Attr("outcome-identifier"))
	} else {
		c.Variable = strings.TrimSpace(n.Attr("template-identifier"))
	}
	return c
}

// templateCondition reads what every choice may have: shown only for a value of a template variable.
func templateCondition(n *xmltree.Node, id string) *Condition {
	hide := n.Attr("show-hide")
	if v := strings.TrimSpace(n.Attr("template-identifier")); v != "" {
		return &Condition{Variable: v, Value: id, Show: hide != "hide"}
	}
	return nil
}

// Rubric reads a rubric block.
func (r *Reader) Rubric(n *xmltree.Node) *Rubric {
	b := &Rubric{View: n.Attr("view"), Use: n.Attr("use")}
	b.Blocks = r.Blocks(n)
	return b
}

func (r *Reader) list(n *xmltree.Node, st inlineState) *List {
	l := &List{Ordered: n.Name == "ol", Start: 1, Type: n.Attr("type")}
	if v, err := strconv.Atoi(strings.TrimSpace(n.Attr("start"))); err == nil {
		l.Start = v
	}
	for _, c := range n.Children {
		switch {
		case c.Blank():
		case c.Name == "li":
			f := flow{r: r}
			c.See()
			c.Attr("value")
			f.children(c, st)
			l.Items = append(l.Items, ListItem{Blocks: f.done()})
		default:
			f := flow{r: r}
			f.node(c, st)
			if blocks := f.done(); len(blocks) > 0 {
				l.Items = append(l.Items, ListItem{Blocks: blocks})
			}
		}
	}
	return l
}

func (r *Reader) definitions(n *xmltree.Node, st inlineState) *List {
	l := &List{Start: 1}
	for c := range n.Elements() {
		switch c.Name {
		case "dt":
			l.Items = append(l.Items, ListItem{Term: r.inlines(c, st)})
		case "dd":
			blocks := r.Blocks(c)
			if k := len(l.Items) - 1; k >= 0 && l.Items[k].Blocks == nil {
				l.Items[k].Blocks = blocks
			} else {
				l.Items = append(l.Items, ListItem{Blocks: blocks})
			}
		}
	}
	return l
}

// maxSpan bounds what a cell may reach over, so that no grid grows without measure.
const maxSpan = 1000

func (r *Reader) table(n *xmltree.Node, st inlineState) *Table {
	t := &Table{}
	for _, a := range [...]string{"summary", "border", "width", "cellpadding", "cellspacing", "align", "frame", "rules"} {
		n.Attr(a)
	}
	r.rows(t, n, st)
	return t
}

func (r *Reader) rows(t *Table, n *xmltree.Node, st inlineState) {
	for c := range n.Elements() {
		switch c.Name {
		case "caption":
			t.Caption = r.inlines(c, st)
		case "thead", "tbody", "tfoot":
			before := len(t.Rows)
			r.rows(t, c, st)
			if c.Name == "thead" && before == t.Head {
				t.Head = len(t.Rows)
			}
		case "tr":
			var row []Cell
			for d := range c.Elements() {
				if d.Name == "td" || d.Name == "th" {
					row = append(row, r.cell(d, st))
				}
			}
			t.Rows = append(t.Rows, row)
		case "col", "colgroup":
			c.Skip()
		case "template-block", "feedback-block", "template-inline":
			// Rows that a condition shows: the standard allows them only in other places.
			r.Report(finding.Unsupported, c, "%s inside a table is not read", c.Raw)
			c.Skip()
		}
	}
}

func (r *Reader) cell(n *xmltree.Node, st inlineState) Cell {
	span := func(name string) int {
		text := strings.TrimSpace(n.Attr(name))
		if text == "" {
			return 1 // by far the usual case
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 1 {
			return 1
		}
		return min(v, maxSpan)
	}
	for _, a := range [...]string{"scope", "headers", "abbr", "axis", "valign", "width", "height", "nowrap", "bgcolor"} {
		n.Attr(a)
	}
	c := Cell{Header: n.Name == "th", Columns: max(span("colspan"), span("col-span")), Rows: max(span("rowspan"), span("row-span")), Align: n.Attr("align")}
	f := flow{r: r}
	f.children(n, st)
	c.Blocks = f.done()
	return c
}

func (r *Reader) ruby(n *xmltree.Node, st inlineState) *Ruby {
	out := &Ruby{}
	f := flow{r: r, inlineOnly: true}
	n.See()
	var reading strings.Builder
	for _, c := range n.Children {
		switch c.Name {
		case "rt", "rtc":
			reading.WriteString(collapse(c.Content()))
		case "rp":
			c.Skip()
		default:
			f.node(c, st)
		}
	}
	f.trim()
	out.Base, out.Reading = f.line, strings.TrimSpace(reading.String())
	return out
}

// pixels reads a length in pixels; per cent and other units are 0.
func pixels(s string) int {
	if s = strings.TrimSuffix(strings.TrimSpace(s), "px"); s == "" {
		return 0
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= 100_000) {
		return 0
	}
	return int(x + 0.5)
}

func (r *Reader) resolve(n *xmltree.Node, href string) string {
	if r.Resolve == nil {
		r.Report(finding.Unsupported, n, "the file %q cannot be read here", href)
		return ""
	}
	return r.Resolve(n, href)
}

func (r *Reader) image(n *xmltree.Node, st inlineState) *Image {
	im := &Image{Alt: n.Attr("alt"), Long: n.Attr("longdesc"), Width: pixels(n.Attr("width")), Height: pixels(n.Attr("height")), Style: st.style}
	for _, a := range [...]string{"srcset", "sizes", "align", "border", "hspace", "vspace"} {
		n.Attr(a)
	}
	src := n.Attr("src")
	if !shown("", src) {
		r.Report(finding.Unsupported, n, "pictures other than PNG, JPEG, GIF and SVG (%q) are not shown", path.Ext(src))
		return im
	}
	im.Source = r.resolve(n, src)
	return im
}

// shown reports whether a picture is of a kind that can be drawn. Where nothing says of what kind it is, it is tried.
func shown(mime, href string) bool {
	if strings.HasPrefix(href, "data:") {
		return true
	}
	switch strings.ToLower(path.Ext(strings.TrimSpace(href))) {
	case ".png", ".jpg", ".jpeg", ".gif", ".svg":
		return true
	case "":
		mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
		return mime == "" || mime == "image/png" || mime == "image/jpeg" || mime == "image/jpg" || mime == "image/gif" || mime == "image/svg+xml"
	}
	return false
}

func (f *flow) picture(n *xmltree.Node, st inlineState) {
	for c := range n.Elements() {
		if c.Name == "img" {
			f.put(f.r.image(c, st))
		} else {
			c.Skip() // other sizes of the same picture
		}
	}
}

// mediaKind returns audio, video or image by the declared type or the file's name.
func mediaKind(element, mime, href string) string {
	switch {
	case element == "audio" || element == "video":
		return element
	case strings.HasPrefix(mime, "audio/"):
		return "audio"
	case strings.HasPrefix(mime, "video/"):
		return "video"
	case strings.HasPrefix(mime, "image/"):
		return "image"
	}
	dot := strings.LastIndexByte(href, '.')
	switch strings.ToLower(href[dot+1:]) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "bmp":
		return "image"
	case "mp3", "wav", "ogg", "oga", "m4a", "opus", "flac":
		return "audio"
	case "mp4", "webm", "ogv", "mov":
		return "video"
	}
	return ""
}

// page reads an XHTML page that the object shows, as older packages share texts among items. It reports whether it was one.
func (f *flow) page(n *xmltree.Node) bool {
	href := n.Attr("data")
	kind := n.Attr("type")
	if kind != "text/html" && kind != "application/xhtml+xml" || f.r.Include == nil || f.inlineOnly {
		return false
	}
	n.Skip()
	root, done := f.r.Include(n, href)
	if root == nil {
		return true
	}
	defer done()
	content := root
	if root.Name == "html" {
		if content = root.First("body"); content == nil {
			return true
		}
		if head := root.First("head"); head != nil {
			head.Skip()
		}
	}
	f.add(&Group{Role: "object", Class: content.Attr("class"), Blocks: f.r.Blocks(content)})
	return true
}

func (f *flow) object(n *xmltree.Node, st inlineState) {
	if f.page(n) {
		return
	}
	media, im, instead := f.r.object(n, st)
	switch {
	case im != nil:
		f.put(im)
	case media != nil && !f.inlineOnly:
		f.add(media)
	case media != nil:
		f.r.Report(finding.Warning, n, "%s stands inside a line of text; it is left out there", n.Raw)
	default:
		f.line = append(f.line, instead...)
	}
}

// object reads object, audio, video and the like as a picture or as media. What it is not is said; then instead is what its author
// gives to those who cannot show it.
func (r *Reader) object(n *xmltree.Node, st inlineState) (m *Media, im *Image, instead []Inline) {
	href := n.Attr("data")
	if href == "" {
		href = n.Attr("src")
	}
	m = &Media{Type: n.Attr("type"), Width: pixels(n.Attr("width")), Height: pixels(n.Attr("height"))}
	for _, a := range [...]string{"controls", "preload", "poster", "autoplay", "loop", "muted", "align", "border", "hspace", "vspace", "usemap", "classid", "codebase", "codetype", "archive", "standby", "name"} {
		n.Attr(a)
	}
	alt := flow{r: r, inlineOnly: true}
	for _, c := range n.Children {
		switch c.Name {
		case "source":
			if href == "" {
				href, m.Type = c.Attr("src"), c.Attr("type")
			}
			c.Skip()
		case "track":
			if m.Captions == "" {
				m.Captions = r.resolve(c, c.Attr("src"))
			}
			c.Skip()
		case "param":
			c.Skip()
		default:
			alt.node(c, st)
		}
	}
	alt.trim()
	m.Alt = strings.TrimSpace(InlineText(alt.line))
	m.Kind = mediaKind(n.Name, m.Type, href)
	if m.Kind == "" || m.Kind == "image" && !shown(m.Type, href) {
		if slices.ContainsFunc(alt.line, func(i Inline) bool { _, ok := i.(*Image); return ok }) {
			r.Report(finding.Warning, n, "an object of the type %q cannot be shown; the picture inside it is shown instead", m.Type)
			return nil, nil, alt.line
		}
		r.Report(finding.Unsupported, n, "an object of the type %q cannot be shown", m.Type)
		return nil, nil, alt.line
	}
	m.Source = r.resolve(n, href)
	if m.Kind == "image" {
		return nil, &Image{Source: m.Source, Alt: m.Alt, Width: m.Width, Height: m.Height, Style: st.style}, nil
	}
	return m, nil, nil
}

func (r *Reader) gap(f *flow, n *xmltree.Node) {
	id := strings.TrimSpace(n.Attr("identifier"))
	g := &Gap{ID: id, Group: n.Attr("match-group"), When: templateCondition(n, id)}
	required := n.Attr("required") == "true"
	n.Skip()
	f.put(g)
	if r.gaps == nil {
		r.Report(finding.Invalid, n, "gap %q stands outside a gap match", id)
		return
	}
	o := Option{ID: id, MatchMax: 1, Group: g.Group, When: g.When}
	if required {
		o.MatchMin = 1
	}
	*r.gaps = append(*r.gaps, o)
}

func (r *Reader) hottext(f *flow, n *xmltree.Node, st inlineState) {
	id := strings.TrimSpace(n.Attr("identifier"))
	h := &Hottext{ID: id, When: templateCondition(n, id)}
	h.Inlines = r.span(n, st)
	f.put(h)
	if r.hottexts == nil {
		r.Report(finding.Invalid, n, "hottext %q stands outside a hottext interaction", id)
		return
	}
	*r.hottexts = append(*r.hottexts, Option{ID: id, Blocks: []Block{&Paragraph{Inlines: h.Inlines}}, When: h.When})
}
