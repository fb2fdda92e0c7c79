package table

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// Sheet is a sheet to write.
type Sheet struct {
	Name    string
	Widths  []float64 // of the columns, in characters; 0: as usual
	Header  bool      // the first row is set bold and stays when the others are scrolled
	Wrapped bool      // long texts go on in further lines
	Rows    [][]string
}

// Write writes a workbook. Every cell, and every cell that somebody fills in later, is a text, so that no spreadsheet program takes leading
// zeros away.
func Write(sheets ...Sheet) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	var errs []error
	file := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(xml.Header + text))
		}
		errs = append(errs, err)
	}
	const (
		main     = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
		document = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
		parts    = `http://schemas.openxmlformats.org/package/2006/relationships`
		office   = `application/vnd.openxmlformats-officedocument.spreadsheetml.`
	)
	var types, refs, rels strings.Builder
	for i, s := range sheets {
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`, i+1, office)
		fmt.Fprintf(&refs, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, escaped(s.Name), i+1, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, document, i+1)
		file(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), `<worksheet xmlns="`+main+`">`+s.xml()+`</worksheet>`)
	}
	fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, len(sheets)+1, document)
	file("[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="`+office+`sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="`+office+`styles+xml"/>`+types.String()+`</Types>`)
	file("_rels/.rels", `<Relationships xmlns="`+parts+`"><Relationship Id="rId1" Type="`+document+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	file("xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="`+document+`"><sheets>`+refs.String()+`</sheets></workbook>`)
	file("xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+parts+`">`+rels.String()+`</Relationships>`)
	// Styles: 0 a text, 1 a header, 2 a text of several lines. The format 49 is that of texts.
	file("xl/styles.xml", `<styleSheet xmlns="`+main+`"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`)
	errs = append(errs, z.Close())
	return out.Bytes(), errors.Join(errs...)
}

func (s Sheet) xml() string {
	var b strings.Builder
	if s.Header {
		b.WriteString(`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`)
	}
	style := 0
	if s.Wrapped {
		style = 2
	}
	if len(s.Widths) > 0 {
		b.WriteString("<cols>")
		for i, w := range s.Widths {
			if w <= 0 {
				w = 9
			}
			fmt.Fprintf(&b, `<col min="%d" max="%d" width="%g" style="%d" customWidth="1"/>`, i+1, i+1, w, style)
		}
		b.WriteString("</cols>")
	}
	b.WriteString("<sheetData>")
	for i, row := range s.Rows {
		fmt.Fprintf(&b, `<row r="%d">`, i+1)
		for c, text := range row {
			st := style
			if s.Header && i == 0 {
				st = 1
			}
			if text == "" {
				continue
			}
			fmt.Fprintf(&b, `<c r="%s%d" s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, Column(c), i+1, st, escaped(text))
		}
		b.WriteString("</row>")
	}
	b.WriteString("</sheetData>")
	return b.String()
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
