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
type words struct{ act, signed, signature, name, page, fields, clause, broken string }

// The two languages of every printed act, state language first (R19).
var printed = []struct {
	lang string
	w    words
}{
	{"kk", words{act: "АКТ № %s", signed: "Әкімшінің жеке кодымен қол қойылды: %s, %s", signature: "қолы", name: "Т.А.Ә.", page: "%s актісі · %d-бет, барлығы %d", fields: "Акт деректерінің SHA-256 сомасы", clause: "Бұзылған тармақ", broken: "Ереженің %s-тармағы"}},
	{"ru", words{act: "АКТ № %s", signed: "Подписано личным кодом администратора: %s, %s", signature: "подпись", name: "Ф.И.О.", page: "акт %s · страница %d из %d", fields: "SHA-256 данных акта", clause: "Нарушенный пункт", broken: "пункт %s Правил"}},
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
	qrSize      = 26.0
)

// Print returns the act on A4 as PDF, first in Kazakh and then in Russian, each from a new page. Equal acts, forms and
// fonts give equal bytes. signed is when the administrator signed, in the time zone that the page is to show.
func (fs *Forms) Print(a exam.ActDrawn, signed time.Time, fonts Fonts) ([]byte, error) {
	form, ok := fs.Form(a.Form)
	if !ok {
		return nil, fmt.Errorf("act %s: there is no form %q", a.Number, a.Form)
	}
	if len(fonts.Regular) == 0 {
		return nil, errors.New("printing an act needs a font")
	}
	if len(fonts.Bold) == 0 {
		fonts.Bold = fonts.Regular
	}
	if err := errors.Join(checkFont(fonts.Regular), checkFont(fonts.Bold)); err != nil {
		return nil, fmt.Errorf("act %s: %w", a.Number, err)
	}
	digest, err := FieldsDigest(a)
	if err != nil {
		return nil, err
	}
	code, err := qr.Encode(fmt.Sprintf("EMTIHAN ACT 1\n%s\nsha256:%x", a.Number, digest), qr.M)
	if err != nil {
		return nil, fmt.Errorf("act %s: QR code: %w", a.Number, err)
	}
	// The number of pages stands on each of them and is known only after the first pass.
	pages := 0
	for {
		p := &page{fs: fs, form: form, act: a, digest: digest, code: code, signed: signed, total: pages}
		out, n, err := p.render(fonts)
		if err != nil {
			return nil, fmt.Errorf("act %s: %w", a.Number, err)
		}
		if n == pages {
			return out, nil
		}
		if pages > 0 {
			return nil, fmt.Errorf("act %s: %d pages became %d", a.Number, pages, n)
		}
		pages = n
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

type page struct {
	fs     *Forms
	form   *Form
	act    exam.ActDrawn
	digest []byte
	code   *qr.Code
	signed time.Time
	total  int

	pdf  *fpdf.Fpdf
	lang string
	w    words
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
	p.pdf.SetCreationDate(p.signed)
	p.pdf.SetModificationDate(p.signed)
	p.pdf.SetTitle(fmt.Sprintf(printed[1].w.act, p.act.Number), true)
	p.pdf.SetLang("kk-KZ")
	p.pdf.AddUTF8FontFromBytes("act", "", fonts.Regular)
	p.pdf.AddUTF8FontFromBytes("act", "B", fonts.Bold)
	p.pdf.SetMargins(marginLeft, marginTop, marginRight)
	p.pdf.SetAutoPageBreak(false, marginFoot)
	p.pdf.SetCellMargin(0)
	for _, l := range printed {
		p.lang, p.w = l.lang, l.w
		p.newPage()
		p.body()
	}
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

func (p *page) newPage() {
	p.pdf.AddPage()
	p.font("", 8, 110)
	p.at(marginLeft, paperHeight-13, textWidth, "L", fmt.Sprintf(p.w.page, p.act.Number, p.pdf.PageNo(), p.total))
	p.at(marginLeft, marginTop-4, textWidth, "R", "«"+p.form.Draft.In(p.lang)+"»")
	p.pdf.SetY(marginTop + 3)
}

// room starts a new page where less than h millimetres are left.
func (p *page) room(h float64) {
	if p.pdf.GetY()+h > paperHeight-marginFoot {
		p.newPage()
	}
}

func (p *page) font(style string, points float64, grey int) {
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

func (p *page) body() {
	p.font("B", 14, 0)
	p.paragraph(fmt.Sprintf(p.w.act, p.act.Number), "C", textWidth, 7)
	p.pdf.SetY(p.pdf.GetY() + 1)
	p.font("", 10.5, 0)
	p.paragraph(p.form.Title.In(p.lang), "C", textWidth-16, 5)
	p.pdf.SetY(p.pdf.GetY() + 4)
	p.font("", 10.5, 0)
	p.paragraph(p.form.Lead.In(p.lang), "L", textWidth, 5.2)
	p.pdf.SetY(p.pdf.GetY() + 3)
	for _, f := range p.form.Fields {
		v := p.act.Fields[f.ID]
		if strings.TrimSpace(v) == "" {
			continue
		}
		p.row(f.Label.In(p.lang), p.fs.ValueText(f, v, p.lang))
	}
	if p.form.Clause != "" {
		p.row(p.w.clause, fmt.Sprintf(p.w.broken, p.form.Clause))
	}
	p.rule()
	p.pdf.SetY(p.pdf.GetY() + 4)
	p.font("B", 10.5, 0)
	p.paragraph(p.form.Consequence.In(p.lang), "L", textWidth, 5.2)
	p.foot()
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
	p.pdf.SetY(p.pdf.GetY() + 0.7)
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
	p.pdf.SetY(p.pdf.GetY() + 0.7)
}

// foot sets the signatures and the code; they stay together on one page.
func (p *page) foot() {
	const lineHeight = 10.5
	signatures := lineHeight * float64(len(p.form.Signatures))
	p.room(8 + signatures + qrSize)
	p.pdf.SetY(p.pdf.GetY() + 8)
	p.pdf.SetDrawColor(0, 0, 0)
	p.pdf.SetLineWidth(0.2)
	for _, s := range p.form.Signatures {
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
		if s.ID == "administrator" {
			p.font("", 10, 0)
			p.at(nameX, y-4.4, nameW, "L", p.act.By)
		}
		p.font("", 7, 110)
		p.at(signX, y, signW, "C", p.w.signature)
		p.at(nameX, y, nameW, "C", p.w.name)
		p.pdf.SetY(y + lineHeight)
	}
	y := p.pdf.GetY() - 2
	p.drawCode(marginLeft, y)
	p.pdf.SetY(y + 3)
	p.font("", 9, 60)
	x, w := marginLeft+qrSize+6, textWidth-qrSize-6
	for _, text := range []string{
		fmt.Sprintf(p.w.signed, p.act.By, p.signed.Format("02.01.2006 15:04:05")),
		p.w.fields + ":", fmt.Sprintf("%x", p.digest[:16]), fmt.Sprintf("%x", p.digest[16:]),
	} {
		for _, line := range p.wrap(text, w) {
			p.at(x, p.pdf.GetY(), w, "L", line)
			p.pdf.SetY(p.pdf.GetY() + 4.6)
		}
	}
}

// drawCode draws the QR code as rectangles: sharp at any printer resolution and independent of image codecs.
func (p *page) drawCode(x, y float64) {
	const quiet = 2
	module := qrSize / float64(p.code.Size+2*quiet)
	p.pdf.SetFillColor(0, 0, 0)
	for row := range p.code.Size {
		for col := 0; col < p.code.Size; col++ {
			run := 0
			for p.code.Black(col+run, row) {
				run++
			}
			if run > 0 {
				p.pdf.Rect(x+float64(col+quiet)*module, y+float64(row+quiet)*module, float64(run)*module, module, "F")
				col += run
			}
		}
	}
}
