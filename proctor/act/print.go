package act

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"emtihan/exam"

	"codeberg.org/go-pdf/fpdf"
	"rsc.io/qr"
)

// Fonts are TrueType files with Latin, Russian and Kazakh letters. Bold may be empty; Regular then stands in.
type Fonts struct{ Regular, Bold []byte }

// words are what the page says besides the form: one set for each printed language.
type words struct{ act, signed, signature, name, page, fields, clause, broken, copied string }

// The two languages of every printed act, state language first (R19).
var printed = []struct {
	lang string
	w    words
}{
	{"kk", words{act: "АКТ № %s", signed: "Жасаған және растаған: %s, %s", signature: "қолы", name: "Т.А.Ә.", page: "акт № %s · %d / %d бет", fields: "Акт деректерінің SHA-256 сомасы", clause: "Бұзылған тармақ", broken: "Ереженің %s-тармағы", copied: "КӨШІРМЕ № %d · %s · %s"}},
	{"ru", words{act: "АКТ № %s", signed: "Составил(а) и подтвердил(а): %s, %s", signature: "подпись", name: "Ф.И.О.", page: "акт № %s · стр. %d / %d", fields: "SHA-256 данных акта", clause: "Нарушенный пункт", broken: "пункт %s Правил", copied: "КОПИЯ № %d · %s · %s"}},
}

// Millimetres on A4.
const (
	paperWidth  = 210.0
	paperHeight = 297.0
	marginLeft  = 22.0
	marginRight = 15.0
	marginTop   = 15.0
	marginFoot  = 20.0
	textWidth   = paperWidth - marginLeft - marginRight
	labelWidth  = 58.0
	gutter      = 4.0
	qrSize      = 24.0
)

// Print returns the act on A4 as PDF, first in Kazakh and then in Russian, each from a new page. Equal acts, forms and
// fonts give equal bytes. signed is when the administrator signed, in the time zone that the page is to show.
func (fs *Forms) Print(a exam.ActDrawn, signed time.Time, fonts Fonts) ([]byte, error) {
	return fs.print(a, signed, nil, fonts)
}

// Copy says which copy of an act a page is: the how-manieth, for whom, and when it was printed.
type Copy struct {
	Number int // from 1
	For    string
	At     time.Time
}

// PrintCopy is Print with a mark on every page that says that it is a copy, so that nobody takes it for the page that was
// signed. It has other bytes than the act's Digest stands for; the digest of the fields and the code are the same.
func (fs *Forms) PrintCopy(a exam.ActDrawn, signed time.Time, c Copy, fonts Fonts) ([]byte, error) {
	if c.Number < 1 {
		return nil, fmt.Errorf("act %s: copy number %d", a.Number, c.Number)
	}
	return fs.print(a, signed, &c, fonts)
}

func (fs *Forms) print(a exam.ActDrawn, signed time.Time, c *Copy, fonts Fonts) ([]byte, error) {
	form, ok := fs.Form(a.Form)
	if !ok {
		return nil, fmt.Errorf("act %s: there is no form %q", a.Number, a.Form)
	}
	digest, err := FieldsDigest(a)
	if err != nil {
		return nil, err
	}
	code, err := qr.Encode(fmt.Sprintf("EMTIHAN ACT 1\n%s\nsha256:%x", a.Number, digest), qr.M)
	if err != nil {
		return nil, fmt.Errorf("act %s: QR code: %w", a.Number, err)
	}
	out, err := paginate(fonts, func(p *page) {
		p.made, p.title = signed, fmt.Sprintf(printed[1].w.act, a.Number)
		p.foot = func(n int) string { return fmt.Sprintf(p.w.page, a.Number, n, p.total) }
		p.build = func() {
			for _, l := range printed {
				p.lang, p.w = l.lang, l.w
				p.head = "«" + form.Draft.In(p.lang) + "»"
				if c != nil {
					p.stamp = fmt.Sprintf(p.w.copied, c.Number, c.For, c.At.Format("02.01.2006 15:04"))
				}
				p.newPage()
				p.act(sheetOfAct{fs: fs, form: form, act: a, digest: digest, code: code})
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("act %s: %w", a.Number, err)
	}
	return out, nil
}

// paginate renders pages until the number of pages that stands on each of them is the true one, which is known only after
// the first pass.
func paginate(fonts Fonts, prepare func(*page)) ([]byte, error) {
	if len(fonts.Regular) == 0 {
		return nil, errors.New("printing needs a font")
	}
	if len(fonts.Bold) == 0 {
		fonts.Bold = fonts.Regular
	}
	if err := errors.Join(checkFont(fonts.Regular), checkFont(fonts.Bold)); err != nil {
		return nil, err
	}
	total := 0
	for {
		p := &page{total: total}
		prepare(p)
		out, n, err := p.render(fonts)
		switch {
		case err != nil:
			return nil, err
		case n == total:
			return out, nil
		case total > 0:
			return nil, fmt.Errorf("%d pages became %d", total, n)
		}
		total = n
	}
}

// checkFont refuses what is no whole TrueType file: the PDF library would print to standard output and go on without it.
func checkFont(data []byte) error {
	if len(data) < 12 || binary.BigEndian.Uint32(data) != 0x00010000 {
		return errors.New("the font is not a TrueType file")
	}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := 12 + 16*i
		if at+16 > len(data) {
			return errors.New("the font is cut off")
		}
		if uint64(binary.BigEndian.Uint32(data[at+8:]))+uint64(binary.BigEndian.Uint32(data[at+12:])) > uint64(len(data)) {
			return fmt.Errorf("the font is cut off: its table %q reaches beyond the end", data[at:at+4])
		}
	}
	return nil
}

// page lays text out on A4 from top to bottom. What it is given to print is called once for each pass.
type page struct {
	made  time.Time
	title string           // of the document
	head  string           // on every page, at the right
	stamp string           // on every page, at the left; says that it is a copy
	foot  func(int) string // on every page, with its number
	build func()
	total int // pages; 0 in the first pass

	pdf  *fpdf.Fpdf
	lang string
	w    words
	face face
}

// sheetOfAct is what the pages of an act are made of.
type sheetOfAct struct {
	fs     *Forms
	form   *Form
	act    exam.ActDrawn
	digest []byte
	code   *qr.Code
}

func (p *page) render(fonts Fonts) (out []byte, pages int, err error) {
	// A font file is foreign input to the library, which answers some damage with a panic.
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the font cannot be used: %v", v)
		}
	}()
	p.pdf = fpdf.New("P", "mm", "A4", "")
	p.pdf.SetCatalogSort(true)
	p.pdf.SetCreationDate(p.made)
	p.pdf.SetModificationDate(p.made)
	p.pdf.SetTitle(p.title, true)
	p.pdf.SetLang("kk-KZ")
	p.pdf.AddUTF8FontFromBytes("act", "", fonts.Regular)
	p.pdf.AddUTF8FontFromBytes("act", "B", fonts.Bold)
	p.pdf.SetMargins(marginLeft, marginTop, marginRight)
	p.pdf.SetAutoPageBreak(false, marginFoot)
	p.pdf.SetCellMargin(0)
	p.build()
	if err := p.pdf.Error(); err != nil {
		return nil, 0, err
	}
	var b bytes.Buffer
	pages = p.pdf.PageNo()
	if err := p.pdf.Output(&b); err != nil {
		return nil, 0, err
	}
	return b.Bytes(), pages, nil
}

// newPage begins a page with its head and foot; what was being set goes on in its own face.
func (p *page) newPage() {
	if f := p.face; f.points > 0 {
		defer func() { p.font(f.style, f.points, f.grey) }()
	}
	p.pdf.AddPage()
	p.font("", 8, 110)
	p.at(marginLeft, paperHeight-13, textWidth, "L", p.foot(p.pdf.PageNo()))
	p.at(marginLeft, marginTop-4, textWidth, "R", p.head)
	if p.stamp != "" {
		p.font("B", 8, 0)
		p.at(marginLeft, marginTop-8, textWidth, "L", p.stamp)
	}
	p.pdf.SetY(marginTop + 3)
}

// room starts a new page where less than h millimetres are left.
func (p *page) room(h float64) {
	if p.pdf.GetY()+h > paperHeight-marginFoot {
		p.newPage()
	}
}

// face is how text is set.
type face struct {
	style  string
	points float64
	grey   int
}

func (p *page) font(style string, points float64, grey int) {
	p.face = face{style, points, grey}
	p.pdf.SetFont("act", style, points)
	p.pdf.SetTextColor(grey, grey, grey)
}

func (p *page) at(x, y, w float64, align, text string) {
	p.pdf.SetXY(x, y)
	p.pdf.CellFormat(w, 4, printable(text), "", 0, align, false, 0, "")
}

// printable replaces what the PDF library cannot place: characters outside the basic plane and controls.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r > 0xFFFF, unicode.IsControl(r), r == unicode.ReplacementChar:
			return '?'
		}
		return r
	}, s)
}

// wrap breaks text into lines no wider than w, at spaces where there are any.
func (p *page) wrap(text string, w float64) []string {
	var lines []string
	for _, paragraph := range strings.Split(printable(text), "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			next := strings.TrimPrefix(line+" "+word, " ")
			if p.pdf.GetStringWidth(next) <= w {
				line = next
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			line = ""
			for _, r := range word {
				if line != "" && p.pdf.GetStringWidth(line+string(r)) > w {
					lines = append(lines, line)
					line = ""
				}
				line += string(r)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func (p *page) paragraph(text, align string, w, height float64) {
	for _, line := range p.wrap(text, w) {
		p.room(height)
		y := p.pdf.GetY()
		p.pdf.SetXY(marginLeft+(textWidth-w)/2, y)
		p.pdf.CellFormat(w, height, line, "", 0, align, false, 0, "")
		p.pdf.SetY(y + height)
	}
}

func (p *page) act(a sheetOfAct) {
	p.font("B", 14, 0)
	p.paragraph(fmt.Sprintf(p.w.act, a.act.Number), "C", textWidth, 7)
	p.pdf.SetY(p.pdf.GetY() + 1)
	p.font("", 10, 0)
	p.paragraph(a.form.Title.In(p.lang), "C", textWidth-6, 4.7)
	p.pdf.SetY(p.pdf.GetY() + 3)
	p.font("", 10, 0)
	p.paragraph(a.form.Lead.In(p.lang), "L", textWidth, 4.9)
	p.pdf.SetY(p.pdf.GetY() + 3)
	for _, f := range a.form.Fields {
		v := a.act.Fields[f.ID]
		if strings.TrimSpace(v) == "" {
			continue
		}
		p.row(f.Label.In(p.lang), a.fs.ValueText(f, v, p.lang))
	}
	if a.form.Clause != "" {
		p.row(p.w.clause, fmt.Sprintf(p.w.broken, a.form.Clause))
	}
	p.rule()
	// Nobody should sign a page that says nothing: what follows from the act goes where the signatures go.
	p.font("B", 10.5, 0)
	p.room(4 + 5.2*float64(len(p.wrap(a.form.Consequence.In(p.lang), textWidth))) + p.footHeight(a))
	p.pdf.SetY(p.pdf.GetY() + 4)
	p.paragraph(a.form.Consequence.In(p.lang), "L", textWidth, 5.2)
	p.actFoot(a)
}

func (p *page) footHeight(a sheetOfAct) float64 {
	return signatureLead + p.signaturesHeight(a.form.Signatures) + qrSize
}

func (p *page) rule() {
	p.pdf.SetDrawColor(190, 190, 190)
	p.pdf.SetLineWidth(0.15)
	p.pdf.Line(marginLeft, p.pdf.GetY(), marginLeft+textWidth, p.pdf.GetY())
}

// row sets a label beside its value; both wrap, and a value longer than the page goes on on the next one.
func (p *page) row(label, value string) {
	const height = 4.5
	p.font("", 9, 90)
	labels := p.wrap(label, labelWidth)
	p.font("", 10.5, 0)
	values := p.wrap(value, textWidth-labelWidth-gutter)
	n := max(len(labels), len(values))
	p.room(1.4 + float64(min(n, 4))*height)
	p.rule()
	p.pdf.SetY(p.pdf.GetY() + 0.55)
	for i := range n {
		p.room(height)
		y := p.pdf.GetY()
		if i < len(labels) {
			p.font("", 9, 90)
			p.pdf.SetXY(marginLeft, y)
			p.pdf.CellFormat(labelWidth, height, labels[i], "", 0, "L", false, 0, "")
		}
		if i < len(values) {
			p.font("", 10.5, 0)
			p.pdf.SetXY(marginLeft+labelWidth+gutter, y)
			p.pdf.CellFormat(textWidth-labelWidth-gutter, height, values[i], "", 0, "L", false, 0, "")
		}
		p.pdf.SetY(y + height)
	}
	p.pdf.SetY(p.pdf.GetY() + 0.55)
}

// actFoot sets the signatures and the code; they stay together on one page.
func (p *page) actFoot(a sheetOfAct) {
	p.room(p.footHeight(a))
	p.signatures(a.form.Signatures, map[string]string{"administrator": a.act.By})
	y := p.pdf.GetY() - 2
	p.drawCode(a.code, marginLeft, y)
	p.pdf.SetY(y + 3)
	p.font("", 9, 60)
	x, w := marginLeft+qrSize+6, textWidth-qrSize-6
	for _, text := range []string{
		fmt.Sprintf(p.w.signed, a.act.By, p.made.Format("02.01.2006 15:04:05")),
		p.w.fields + ":", fmt.Sprintf("%x", a.digest[:16]), fmt.Sprintf("%x", a.digest[16:]),
	} {
		for _, line := range p.wrap(text, w) {
			p.at(x, p.pdf.GetY(), w, "L", line)
			p.pdf.SetY(p.pdf.GetY() + 4.6)
		}
	}
}

// Millimetres above the first line of signature, and for each.
const (
	signatureLead   = 7.0
	signatureHeight = 9.6
)

func (p *page) signaturesHeight(list []Entry) float64 { return signatureHeight * float64(len(list)) }

// signatures sets a line for each who signs, with the names that are known.
func (p *page) signatures(list []Entry, names map[string]string) {
	p.pdf.SetY(p.pdf.GetY() + signatureLead)
	p.pdf.SetDrawColor(0, 0, 0)
	p.pdf.SetLineWidth(0.2)
	for _, s := range list {
		y := p.pdf.GetY()
		p.font("", 10, 0)
		for i, line := range p.wrap(s.In(p.lang), labelWidth) {
			p.at(marginLeft, y-4+4.4*float64(i), labelWidth, "L", line)
		}
		const signX, signW = marginLeft + labelWidth + gutter, 38.0
		const nameX = signX + signW + gutter
		nameW := paperWidth - marginRight - nameX
		p.pdf.Line(signX, y, signX+signW, y)
		p.pdf.Line(nameX, y, nameX+nameW, y)
		p.font("", 10, 0)
		p.at(nameX, y-4.4, nameW, "L", names[s.ID])
		p.font("", 7, 110)
		p.at(signX, y, signW, "C", p.w.signature)
		p.at(nameX, y, nameW, "C", p.w.name)
		p.pdf.SetY(y + signatureHeight)
	}
}

// sheet sets a table under a heading in both languages.
func (p *page) sheet(t *Sheet, s *exam.Session, rows []Row) {
	p.w, p.lang = printed[1].w, "ru"
	p.w.signature, p.w.name = printed[0].w.signature+" / "+p.w.signature, printed[0].w.name+" / "+p.w.name
	p.newPage()
	for _, l := range printed {
		p.font("B", 12, 0)
		p.paragraph(t.Title.In(l.lang), "C", textWidth, 5.6)
	}
	p.pdf.SetY(p.pdf.GetY() + 2)
	p.font("", 10, 0)
	p.paragraph(fmt.Sprintf("%s · %s · %s", s.Centre, s.Room, s.Start.Format("02.01.2006 15:04")), "C", textWidth, 5.2)
	for _, l := range printed {
		p.font("", 9, 60)
		p.paragraph(t.Lead.In(l.lang), "C", textWidth, 4.6)
	}
	p.pdf.SetY(p.pdf.GetY() + 3)
	whole := 0.0
	for _, c := range t.Columns {
		whole += c.Width
	}
	width := func(c Column) float64 { return c.Width / whole * textWidth }
	const height, pad = 4.4, 1.2
	cells := func(text func(Column) string, points float64, style string, grey, least int) {
		p.font(style, points, grey)
		lines, n := make([][]string, len(t.Columns)), least
		for i, c := range t.Columns {
			lines[i] = p.wrap(text(c), width(c)-2*pad)
			n = max(n, len(lines[i]))
		}
		y, x := p.pdf.GetY(), marginLeft
		for i, c := range t.Columns {
			p.pdf.Rect(x, y, width(c), float64(n)*height+2*pad, "D")
			for k, line := range lines[i] {
				p.at(x+pad, y+pad+float64(k)*height, width(c)-2*pad, "L", line)
			}
			x += width(c)
		}
		p.pdf.SetY(y + float64(n)*height + 2*pad)
	}
	header := func() {
		p.pdf.SetDrawColor(120, 120, 120)
		p.pdf.SetLineWidth(0.15)
		cells(func(c Column) string { return c.Label.In("kk") + "\n" + c.Label.In("ru") }, 7.5, "B", 0, 2)
	}
	header()
	for _, r := range rows {
		before := p.pdf.PageNo()
		p.font("", 9.5, 0)
		n := 2
		for _, c := range t.Columns {
			n = max(n, len(p.wrap(r[c.ID], width(c)-2*pad)))
		}
		if p.room(float64(n)*height + 2*pad); p.pdf.PageNo() != before {
			header()
		}
		cells(func(c Column) string { return r[c.ID] }, 9.5, "", 0, 2)
	}
	p.room(12 + p.signaturesHeight(t.Signatures))
	p.pdf.SetY(p.pdf.GetY() + 4)
	both := make([]Entry, len(t.Signatures))
	for i, e := range t.Signatures {
		both[i] = Entry{ID: e.ID, KK: e.KK, RU: e.KK + " / " + e.RU}
	}
	p.signatures(both, nil)
}

// drawCode draws the QR code as rectangles: sharp at any printer resolution and independent of image codecs.
func (p *page) drawCode(code *qr.Code, x, y float64) {
	const quiet = 2
	module := qrSize / float64(code.Size+2*quiet)
	p.pdf.SetFillColor(0, 0, 0)
	for row := range code.Size {
		for col := 0; col < code.Size; col++ {
			run := 0
			for code.Black(col+run, row) {
				run++
			}
			if run > 0 {
				p.pdf.Rect(x+float64(col+quiet)*module, y+float64(row+quiet)*module, float64(run)*module, module, "F")
				col += run
			}
		}
	}
}
