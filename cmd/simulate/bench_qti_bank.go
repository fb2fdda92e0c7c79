package main

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"emtihan/exam/qti"
)

// bankFigures is the last line of the measurement of a bank. Both ways read the same archive from the same disk cache in turn; times are
// medians of the rounds. Peak is the most that lay in the heap beyond what lay there before, garbage included; kept is what stays.
type bankFigures struct {
	Items      int     `json:"items"`
	Bytes      int64   `json:"bytes"` // of the documents, unpacked
	Rounds     int     `json:"rounds"`
	ImportMs   float64 `json:"import_ms"`
	XMLMs      float64 `json:"xml_ms"`
	TimeRatio  float64 `json:"time_ratio"`
	ImportPeak float64 `json:"import_peak_mib"`
	ImportKept float64 `json:"import_kept_mib"`
	ImportMade float64 `json:"import_allocated_mib"`
	XMLPeak    float64 `json:"xml_peak_mib"`
	XMLMade    float64 `json:"xml_allocated_mib"`
	TokensPeak float64 `json:"xml_kept_tokens_peak_mib"` // where every token is kept, as one must who wants the whole bank
	TokensKept float64 `json:"xml_kept_tokens_mib"`      //
	PeakRatio  float64 `json:"peak_ratio"`               // of the import to the kept tokens
	MadeRatio  float64 `json:"allocated_ratio"`
	PerItemKiB float64 `json:"kept_kib_per_item"`
}

func (c *qtiCommand) bank(out io.Writer) error {
	dir, err := os.MkdirTemp("", "emtihan-bank-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "bank.zip")
	f := bankFigures{Items: c.Bank, Rounds: max(c.Rounds, 1)}
	if f.Bytes, err = writeBank(name, c.Bank); err != nil {
		return err
	}
	fmt.Fprintf(out, "a bank of %d items, %.1f MiB unpacked; %d rounds\n", f.Items, float64(f.Bytes)/(1<<20), f.Rounds)
	var imports, bare, keeping []float64
	for range f.Rounds {
		used, err := measured(func() (any, error) { return decodeBank(name, false) })
		if err != nil {
			return err
		}
		bare = append(bare, used.ms)
		f.XMLPeak, f.XMLMade = max(f.XMLPeak, used.peak), used.made
		if used, err = measured(func() (any, error) { return decodeBank(name, true) }); err != nil {
			return err
		}
		keeping = append(keeping, used.ms)
		f.TokensPeak, f.TokensKept = max(f.TokensPeak, used.peak), used.kept
		used, err = measured(func() (any, error) {
			p, err := qti.Open(name, qti.Options{Strict: true})
			if err == nil && len(p.Items) != c.Bank {
				err = fmt.Errorf("%d items of %d were read", len(p.Items), c.Bank)
			}
			if err != nil {
				return nil, err
			}
			return p, p.Close()
		})
		if err != nil {
			return err
		}
		imports = append(imports, used.ms)
		f.ImportPeak, f.ImportMade, f.ImportKept = max(f.ImportPeak, used.peak), used.made, used.kept
	}
	f.ImportMs, f.XMLMs = middle(imports), middle(bare)
	f.TimeRatio, f.MadeRatio = f.ImportMs/f.XMLMs, f.ImportMade/f.XMLMade
	f.PeakRatio = f.ImportPeak / f.TokensPeak
	f.PerItemKiB = f.ImportKept * 1024 / float64(f.Items)
	fmt.Fprintf(out, "%-28s %10s %12s %12s %12s\n", "", "time", "allocated", "peak", "kept")
	fmt.Fprintf(out, "%-28s %7.0f ms %8.1f MiB %8.1f MiB %8.1f MiB\n", "import", f.ImportMs, f.ImportMade, f.ImportPeak, f.ImportKept)
	fmt.Fprintf(out, "%-28s %7.0f ms %8.1f MiB %8.1f MiB %12s\n", "encoding/xml, every token", f.XMLMs, f.XMLMade, f.XMLPeak, "–")
	fmt.Fprintf(out, "%-28s %7.0f ms %12s %8.1f MiB %8.1f MiB\n", "… and kept", middle(keeping), "", f.TokensPeak, f.TokensKept)
	return lastLine(out, f)
}

func middle(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// heapUse is what a piece of work took, in milliseconds and MiB.
type heapUse struct{ ms, made, peak, kept float64 }

func measured(work func() (any, error)) (u heapUse, err error) {
	const mib = 1 << 20
	live := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() float64 {
		metrics.Read(live)
		return float64(live[0].Value.Uint64()) / mib
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	base := heap()
	quit, done := make(chan struct{}), make(chan float64)
	go func() {
		most, tick := base, time.NewTicker(2*time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				done <- most
				return
			case <-tick.C:
				live := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
				metrics.Read(live)
				most = max(most, float64(live[0].Value.Uint64())/mib)
			}
		}
	}()
	start := time.Now()
	result, err := work()
	u.ms = ms(time.Since(start))
	close(quit)
	u.peak = <-done - base
	runtime.ReadMemStats(&after)
	u.made = float64(after.TotalAlloc-before.TotalAlloc) / mib
	runtime.GC()
	u.kept = heap() - base
	runtime.KeepAlive(result)
	return u, err
}

// decodeBank takes every token of every document, and keeps them where that is asked.
func decodeBank(name string, keep bool) (kept []xml.Token, err error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		for d := xml.NewDecoder(r); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			if keep {
				kept = append(kept, xml.CopyToken(token))
			}
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// writeBank writes a package with n items of seven sorts, in the proportions of a bank for a test with one right answer of four, and
// returns the bytes of its documents.
func writeBank(name string, n int) (size int64, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	z := zip.NewWriter(f)
	write := func(name, text string) error {
		size += int64(len(text))
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		return err
	}
	var resources strings.Builder
	for i := range n {
		item := fmt.Sprintf("items/%03d/q%05d.xml", i/100, i)
		fmt.Fprintf(&resources, `<resource identifier="R%d" type="imsqti_item_xmlv2p1" href="%s"><file href="%s"/></resource>`+"\n", i, item, item)
		if err == nil {
			err = write(item, bankItem(i))
		}
	}
	if err == nil {
		err = write("imsmanifest.xml", `<?xml version="1.0" encoding="UTF-8"?>
<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="BANK"><metadata><schema>IMS Content</schema><schemaversion>1.1</schemaversion></metadata><organizations/><resources>
`+resources.String()+"</resources></manifest>\n")
	}
	return size, errors.Join(err, z.Close(), f.Close())
}

func bankItem(i int) string {
	const head = `<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.imsglobal.org/xsd/imsqti_v2p1 http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd" identifier="q%05d" title="Тапсырма %d" adaptive="false" timeDependent="false" xml:lang="kk">
  <responseDeclaration identifier="RESPONSE" cardinality="%s" baseType="%s">%s</responseDeclaration>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"><defaultValue><value>0</value></defaultValue></outcomeDeclaration>
  <itemBody>
    %s
  </itemBody>
  <responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/%s"/>
</assessmentItem>
`
	text := fmt.Sprintf("<p>%d-сұрақ. Қалыпты қысымда су <b>100 °C</b>-та қайнайды; H<sub>2</sub>O молекуласында неше атом бар?</p>", i)
	key := func(values ...string) string {
		return "<correctResponse><value>" + strings.Join(values, "</value><value>") + "</value></correctResponse>"
	}
	options := func(element, more string) string {
		var b strings.Builder
		for _, id := range [...]string{"A", "B", "C", "D"} {
			fmt.Fprintf(&b, `<%s identifier="%s"%s>Жауап нұсқасы %s, тапсырма %d</%s>`, element, id, more, id, i, element)
		}
		return b.String()
	}
	choice := `<choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="1"><prompt>Бір жауапты таңдаңыз.</prompt>` + options("simpleChoice", "") + `</choiceInteraction>`
	out := func(card, base, declared, body, rules string) string {
		return fmt.Sprintf(head, i, i, card, base, declared, body, rules)
	}
	switch i % 10 {
	case 4: // several right answers
		return out("multiple", "identifier", key("A", "C"), text+strings.Replace(choice, `maxChoices="1"`, `maxChoices="0"`, 1), "match_correct")
	case 5: // a text for reading
		return out("single", "identifier", key("B"), "<div>"+strings.Repeat("<p>Ұзақ мәтін бірнеше сөйлемнен тұрады. Оны оқып шығып, сұраққа жауап беру керек; мәтін бір беттен аспайды.</p>", 12)+"</div>"+text+choice, "match_correct")
	case 6: // a table and a formula
		return out("single", "identifier", key("C"), text+`<table><tbody>`+strings.Repeat("<tr><td>1,5</td><td>2,25</td><td>−3</td></tr>", 6)+`</tbody></table><p><m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:mfrac><m:mrow><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:mrow><m:msup><m:mi>c</m:mi><m:mn>2</m:mn></m:msup></m:mfrac></m:math></p>`+choice, "match_correct")
	case 7: // pairs
		return out("multiple", "directedPair", key("A W", "B X", "C Y", "D Z"), text+`<matchInteraction responseIdentifier="RESPONSE" shuffle="false" maxAssociations="4"><simpleMatchSet>`+options("simpleAssociableChoice", ` matchMax="1"`)+`</simpleMatchSet><simpleMatchSet>`+
			strings.NewReplacer(`"A"`, `"W"`, `"B"`, `"X"`, `"C"`, `"Y"`, `"D"`, `"Z"`).Replace(options("simpleAssociableChoice", ` matchMax="1"`))+`</simpleMatchSet></matchInteraction>`, "match_correct")
	case 8: // an order
		return out("ordered", "identifier", key("B", "A", "D", "C"), text+`<orderInteraction responseIdentifier="RESPONSE" shuffle="false">`+options("simpleChoice", "")+`</orderInteraction>`, "match_correct")
	case 9: // a word
		return out("single", "string", key("үш")+`<mapping defaultValue="0"><mapEntry mapKey="үш" mappedValue="1"/><mapEntry mapKey="3" mappedValue="1"/></mapping>`, text+`<p>Жауап: <textEntryInteraction responseIdentifier="RESPONSE" expectedLength="15"/></p>`, "map_response")
	}
	return out("single", "identifier", key("D"), text+choice, "match_correct")
}
