// Package xmltree reads an XML document into a small tree that remembers lines, has one spelling for the names of QTI 2 and
// QTI 3, is bounded in every direction, and knows which of its parts nobody has looked at.
//
// Nothing outside the document is ever opened: entities that a document declares are refused, a DOCTYPE is ignored with a
// remark, and XInclude is left to the caller.
package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// Limits bound a document. A field that is 0 takes the default.
type Limits struct {
	Bytes int // of the document as it is stored; default 16 MiB
	Depth int // of elements in elements; default 200
	Nodes int // elements and texts; default 1 000 000
	Attrs int // of one element; default 200
}

// The defaults of [Limits].
const (
	DefaultBytes = 16 << 20
	DefaultDepth = 200
	DefaultNodes = 1_000_000
	DefaultAttrs = 200
)

func (l Limits) filled() Limits {
	fill := func(v *int, usual int) {
		if *v <= 0 {
			*v = usual
		}
	}
	fill(&l.Bytes, DefaultBytes)
	fill(&l.Depth, DefaultDepth)
	fill(&l.Nodes, DefaultNodes)
	fill(&l.Attrs, DefaultAttrs)
	return l
}

// Error says what is wrong with a document.
type Error struct {
	Line    int // from 1; 0: unknown
	Text    string
	Hostile bool // no author's mistake explains it: entities declared, or a limit exceeded
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return e.Text
}

// Remark is something about the document that its reader should know.
type Remark struct {
	Line int
	Text string
}

// Document is a document that was read.
type Document struct {
	Root    *Node
	Remarks []Remark
}

// Parse reads a document. Every error is an [*Error].
func Parse(data []byte, limits Limits) (*Document, error) {
	limits = limits.filled()
	if len(data) > limits.Bytes {
		return nil, &Error{Text: fmt.Sprintf("the document has %d bytes, more than %d", len(data), limits.Bytes), Hostile: true}
	}
	p := parser{limits: limits}
	data, err := p.decode(data)
	if err != nil {
		return nil, err
	}
	data = p.plainVersion(data)
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) { return in, nil }
	d.Entity = xml.HTMLEntity
	p.d = d
	p.guess = min(max(len(data)/24, 16), 2048)
	if err := p.read(); err != nil {
		return nil, err
	}
	return &Document{Root: p.root, Remarks: p.remarks}, nil
}

// plainVersion lets XML 1.1 be read as XML 1.0, from which it differs in signs that no content has.
func (p *parser) plainVersion(data []byte) []byte {
	end := bytes.Index(data[:min(len(data), 400)], []byte("?>"))
	if !bytes.HasPrefix(data, []byte("<?xml")) || end < 0 {
		return data
	}
	for _, declared := range [...]string{`"1.1"`, `'1.1'`} {
		if i := bytes.Index(data[:end], []byte(declared)); i >= 0 {
			p.remark(1, "the document is XML 1.1; it was read as XML 1.0")
			data = bytes.Clone(data)
			data[i+3] = '0'
			return data
		}
	}
	return data
}

type parser struct {
	limits  Limits
	d       *xml.Decoder
	remarks []Remark
	root    *Node
	open    []*Node
	nodes   int
	slab    []Node
	guess   int // how many nodes to make room for next
}

func (p *parser) remark(line int, format string, args ...any) {
	p.remarks = append(p.remarks, Remark{Line: line, Text: fmt.Sprintf(format, args...)})
}

// decode returns the document in UTF-8 without a byte-order mark.
func (p *parser) decode(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(data, []byte{0, 0, 0xfe, 0xff}):
		return nil, &Error{Text: "the document is UTF-32, which is not read; save it as UTF-8"}
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{'<', 0}):
		return p.convert(data, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM))
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), bytes.HasPrefix(data, []byte{0, '<'}):
		return p.convert(data, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM))
	}
	label := declared(data)
	name := strings.ToLower(label)
	if name == "" || name == "utf-8" || name == "utf8" || name == "us-ascii" || name == "ascii" {
		if i := invalidUTF8(data); i >= 0 {
			text := "the document is not in UTF-8, though it says no other encoding"
			if name != "" {
				text = fmt.Sprintf("the document says encoding %q and holds bytes that are not in it", label)
			}
			return nil, &Error{Line: 1 + bytes.Count(data[:i], []byte("\n")), Text: text}
		}
		return data, nil
	}
	if strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf16") || strings.HasPrefix(name, "iso-10646") {
		if invalidUTF8(data) >= 0 {
			return nil, &Error{Line: 1, Text: fmt.Sprintf("the document says encoding %q and is in another", label)}
		}
		p.remark(1, "the document says encoding %q and is in UTF-8; it was read as UTF-8", label)
		return data, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, &Error{Line: 1, Text: fmt.Sprintf("the document's encoding %q is not known", label)}
	}
	// Text of a one-byte encoding is practically never valid UTF-8 by chance once it leaves ASCII.
	if !ascii(data) && invalidUTF8(data) < 0 {
		p.remark(1, "the document says encoding %q and is in UTF-8; it was read as UTF-8", label)
		return data, nil
	}
	return p.convert(data, enc, enc)
}

func (p *parser) convert(data []byte, enc, without encoding.Encoding) ([]byte, error) {
	if data[0] == '<' || data[0] == 0 {
		enc = without
	}
	out, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return nil, &Error{Text: "the document's encoding is damaged: " + err.Error()}
	}
	if len(out) > 3*p.limits.Bytes {
		return nil, &Error{Text: "the document is too large in UTF-8", Hostile: true}
	}
	return out, nil
}

func declared(data []byte) string {
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return ""
	}
	end := bytes.Index(data, []byte("?>"))
	if end < 0 || end > 400 {
		return ""
	}
	head := data[:end]
	i := bytes.Index(head, []byte("encoding"))
	if i < 0 {
		return ""
	}
	rest := bytes.TrimLeft(head[i+len("encoding"):], " \t\r\n=")
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	label, _, ok := bytes.Cut(rest[1:], rest[:1])
	if !ok {
		return ""
	}
	return string(label)
}

func ascii(data []byte) bool {
	for _, c := range data {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func (p *parser) read() error {
	for {
		line, _ := p.d.InputPos()
		token, err := p.d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return broken(err, line)
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = p.start(t, line)
		case xml.EndElement:
			p.open = p.open[:len(p.open)-1]
		case xml.CharData:
			err = p.text(t, line)
		case xml.Directive:
			err = p.directive(t, line)
		case xml.ProcInst, xml.Comment: // neither carries content
		}
		if err != nil {
			return err
		}
	}
	if p.root == nil {
		return &Error{Text: "the document is empty"}
	}
	return nil
}

func broken(err error, line int) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		text := syntax.Msg
		if strings.HasPrefix(text, "invalid character entity") {
			text += " (only the entities of XML and HTML are read)"
		}
		return &Error{Line: syntax.Line, Text: "not well-formed XML: " + text}
	}
	return &Error{Line: line, Text: "not well-formed XML: " + err.Error()}
}

func (p *parser) directive(t xml.Directive, line int) error {
	if !bytes.HasPrefix(bytes.ToUpper(t), []byte("DOCTYPE")) {
		return &Error{Line: line, Text: "a markup declaration stands outside a DOCTYPE"}
	}
	if bytes.Contains(bytes.ToUpper(t), []byte("<!ENTITY")) {
		return &Error{Line: line, Text: "the document declares entities; they are refused, because they can expand without bound or read foreign files", Hostile: true}
	}
	if _, inside, ok := bytes.Cut(t, []byte("[")); ok && len(bytes.Trim(inside, "] \t\r\n")) > 0 {
		return &Error{Line: line, Text: "the document type has declarations inside the document; they are refused", Hostile: true}
	}
	p.remark(line, "the DOCTYPE was ignored; nothing it names was fetched")
	return nil
}

func (p *parser) node(line int) (*Node, error) {
	p.nodes++
	if p.nodes > p.limits.Nodes {
		return nil, &Error{Line: line, Text: fmt.Sprintf("the document has more than %d elements and texts", p.limits.Nodes), Hostile: true}
	}
	if len(p.slab) == 0 {
		p.slab = make([]Node, p.guess)
		p.guess = 64
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	n.Line = line
	return n, nil
}

func (p *parser) attach(n *Node) {
	if len(p.open) > 0 {
		parent := p.open[len(p.open)-1]
		parent.Children = append(parent.Children, n)
	}
}

func (p *parser) start(t xml.StartElement, line int) error {
	if len(p.open) >= p.limits.Depth {
		return &Error{Line: line, Text: fmt.Sprintf("elements stand in each other more than %d deep", p.limits.Depth), Hostile: true}
	}
	if len(t.Attr) > p.limits.Attrs {
		return &Error{Line: line, Text: fmt.Sprintf("an element has %d attributes, more than %d", len(t.Attr), p.limits.Attrs), Hostile: true}
	}
	if len(p.open) == 0 && p.root != nil {
		return &Error{Line: line, Text: "not well-formed XML: more than one root element"}
	}
	n, err := p.node(line)
	if err != nil {
		return err
	}
	n.Raw = t.Name.Local
	n.URI = t.Name.Space
	n.Space = spaceOf(t.Name.Space, t.Name.Local)
	n.Name = canonical(n.Space, t.Name.Local)
	if len(t.Attr) > 0 {
		n.Attrs = make([]Attr, 0, len(t.Attr))
		for _, a := range t.Attr {
			n.Attrs = append(n.Attrs, attribute(n.Space, a))
		}
	}
	p.attach(n)
	if p.root == nil {
		p.root = n
	}
	p.open = append(p.open, n)
	return nil
}

func (p *parser) text(t xml.CharData, line int) error {
	if len(p.open) == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return &Error{Line: line, Text: "not well-formed XML: text outside the root element"}
		}
		return nil
	}
	n, err := p.node(line)
	if err != nil {
		return err
	}
	n.Text = string(t)
	p.attach(n)
	return nil
}
