package xmltree

import (
	"encoding/xml"
	"iter"
	"strings"
)

// Space is the vocabulary of an element.
type Space uint8

// The vocabularies that are told apart.
const (
	QTI     Space = iota // QTI of any version, HTML, IMS packaging, or no namespace
	MathML               // presentation and content markup
	SVG                  //
	SSML                 // speech
	Include              // XInclude
	Foreign              // anything else
)

// Attr is an attribute. Its name is in the spelling of QTI 3 (response-identifier); with a prefix for xml:, xsi: and xmlns:.
type Attr struct {
	Name, Value string

	seen bool
}

// Node is an element, or a text if Name is empty.
type Node struct {
	Name     string // in the spelling of QTI 3 without "qti-": "assessment-item", "choice-interaction", "p"
	Raw      string // the local name as the document writes it
	URI      string // the namespace
	Attrs    []Attr
	Children []*Node
	Text     string // of a text
	Line     int    // from 1, where the element begins
	Space    Space

	seen bool
}

// IsText reports whether the node is a text.
func (n *Node) IsText() bool { return n.Name == "" }

// Blank reports whether the node is a text of nothing but space.
func (n *Node) Blank() bool { return n.IsText() && strings.TrimSpace(n.Text) == "" }

// Lookup returns an attribute and marks it as looked at.
func (n *Node) Lookup(name string) (string, bool) {
	n.seen = true
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			n.Attrs[i].seen = true
			return n.Attrs[i].Value, true
		}
	}
	return "", false
}

// Attr returns the attribute's value, or "" where it is not set.
func (n *Node) Attr(name string) string {
	v, _ := n.Lookup(name)
	return v
}

// Elements yields the child elements and marks the node itself as looked at; the texts between them are not.
func (n *Node) Elements() iter.Seq[*Node] {
	n.seen = true
	return func(yield func(*Node) bool) {
		for _, c := range n.Children {
			if !c.IsText() && !yield(c) {
				return
			}
		}
	}
}

// First returns the first child element with the name, or nil.
func (n *Node) First(name string) *Node {
	for c := range n.Elements() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// See marks the node as looked at, but none of its children.
func (n *Node) See() { n.seen = true }

// Content returns all text inside the node and marks the node, and everything in it, as looked at.
func (n *Node) Content() string {
	n.seen = true
	if n.IsText() {
		return n.Text
	}
	if len(n.Children) == 1 && n.Children[0].IsText() {
		n.Children[0].seen = true
		return n.Children[0].Text
	}
	var b strings.Builder
	for _, c := range n.Children {
		b.WriteString(c.Content())
	}
	return b.String()
}

// Skip marks the node and everything in it as looked at: the caller has decided about all of it.
func (n *Node) Skip() {
	n.seen = true
	for i := range n.Attrs {
		n.Attrs[i].seen = true
	}
	for _, c := range n.Children {
		c.Skip()
	}
}

// Unseen yields what nobody has looked at: elements and texts with an empty attr, and attributes of looked-at elements. It does
// not descend into an element that it yields. Attributes that only say how something looks or is named for people (class, id,
// style, title, lang, data-*, aria-*, namespaces) are not yielded.
func (n *Node) Unseen(yield func(node *Node, attr string)) {
	if !n.seen {
		if !n.Blank() {
			yield(n, "")
		}
		return
	}
	for _, a := range n.Attrs {
		if !a.seen && !decoration(a.Name) {
			yield(n, a.Name)
		}
	}
	for _, c := range n.Children {
		c.Unseen(yield)
	}
}

func decoration(name string) bool {
	switch name {
	case "class", "id", "style", "title", "lang", "dir", "role", "label", "tool-name", "tool-version", "xmlns":
		return true
	}
	for _, prefix := range [...]string{"data-", "aria-", "xml:", "xsi:", "xmlns:"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.Contains(name, ":")
}

// XML writes the node as a document of its own, for vocabularies that another reader takes (SVG). It marks all of it as looked
// at. Elements and attributes of other namespaces than the node's own are left out.
func (n *Node) XML() []byte {
	n.Skip()
	var b strings.Builder
	n.write(&b, n.URI, true)
	return []byte(b.String())
}

func (n *Node) write(b *strings.Builder, uri string, root bool) {
	if n.IsText() {
		_ = xml.EscapeText(b, []byte(n.Text)) // a strings.Builder takes everything
		return
	}
	if n.URI != uri {
		return
	}
	b.WriteString("<" + n.Raw)
	if root && uri != "" {
		b.WriteString(` xmlns="`)
		_ = xml.EscapeText(b, []byte(uri))
		b.WriteString(`"`)
	}
	for _, a := range n.Attrs {
		if strings.Contains(a.Name, ":") || a.Name == "xmlns" {
			continue
		}
		b.WriteString(" " + a.Name + `="`)
		_ = xml.EscapeText(b, []byte(a.Value))
		b.WriteString(`"`)
	}
	b.WriteString(">")
	for _, c := range n.Children {
		c.write(b, uri, false)
	}
	b.WriteString("</" + n.Raw + ">")
}

const (
	mathURI    = "http://www.w3.org/1998/Math/MathML"
	svgURI     = "http://www.w3.org/2000/svg"
	includeURI = "http://www.w3.org/2001/XInclude"
)

func spaceOf(uri, local string) Space {
	switch {
	case uri == "" || strings.Contains(uri, "imsglobal.org") || strings.HasPrefix(uri, "http://www.w3.org/1999/xhtml"):
		// Some tools write formulas and drawings without their namespace.
		switch local {
		case "math":
			return MathML
		case "svg":
			return SVG
		}
		return QTI
	case uri == mathURI || uri == "m" || uri == "mml":
		return MathML
	case uri == svgURI || uri == "svg":
		return SVG
	case uri == includeURI || uri == "xi":
		return Include
	case strings.HasPrefix(uri, "http://www.w3.org/2001/10/synthesis"), strings.HasPrefix(uri, "http://www.w3.org/2010/10/synthesis"):
		return SSML
	}
	return Foreign
}

func attribute(space Space, a xml.Attr) Attr {
	name := a.Name.Local
	switch a.Name.Space {
	case "":
		if space == QTI {
			name = kebab(name)
		}
	case "http://www.w3.org/XML/1998/namespace", "xml":
		name = "xml:" + name
	case "http://www.w3.org/2001/XMLSchema-instance", "xsi":
		name = "xsi:" + name
	default:
		name = a.Name.Space + ":" + name
	}
	return Attr{Name: name, Value: a.Value}
}

func canonical(space Space, local string) string {
	if space != QTI {
		return local
	}
	if rest, ok := strings.CutPrefix(local, "qti-"); ok && rest != "" {
		return rest
	}
	return kebab(local)
}

// kebab turns QTI 2's responseIdentifier into QTI 3's response-identifier, and durationLT into duration-lt.
func kebab(name string) string {
	upper := 0
	for i := range len(name) {
		if 'A' <= name[i] && name[i] <= 'Z' {
			upper++
		}
	}
	if upper == 0 {
		return name
	}
	if k, ok := spelled[name]; ok {
		return k
	}
	return spell(name)
}

func spell(name string) string {
	out := make([]byte, 0, len(name)+4)
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			if i > 0 && name[i-1] != '-' && !('A' <= name[i-1] && name[i-1] <= 'Z') {
				out = append(out, '-')
			}
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}

// spelled has the frequent names, so that reading a bank of items does not spell them anew.
var spelled = func() map[string]string {
	out := make(map[string]string)
	for _, name := range strings.Fields(`assessmentItem assessmentItemRef assessmentSection assessmentTest baseType baseValue
		caseSensitive choiceInteraction correctResponse defaultValue expectedLength expectedLines extendedTextInteraction
		inlineChoice inlineChoiceInteraction itemBody itemSessionControl lowerBound mapEntry mapKey mapResponse mappedValue
		matchMax maxChoices minChoices modalFeedback outcomeDeclaration outcomeIdentifier responseCondition responseDeclaration
		responseElse responseElseIf responseIdentifier responseIf responseProcessing rubricBlock schemaLocation
		setOutcomeValue showHide simpleAssociableChoice simpleChoice templateDeclaration testPart textEntryInteraction
		timeDependent upperBound isNull mapResponsePoint`) {
		out[name] = spell(name)
	}
	return out
}()
