package reader_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/profile"
	"emtihan/devices/reader"
	"emtihan/devices/simulate"
	"emtihan/devices/site"
)

// configOf returns the configuration of a profile.
func configOf(t testing.TB, name string) reader.Config {
	t.Helper()
	s, err := site.Parse([]byte("format = 1\n[[bus]]\nname = \"b\"\nprotocol = \"single\"\npath = \"/dev/x\"\n" +
		"[[device]]\nname = \"r\"\nkind = \"reader\"\nbus = \"b\"\nprofile = \"" + name + "\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return *s.Devices[0].Reader
}

const zone = "I<UTOD231458907<<<<<<<<<<<<<<<\r7408122F1204159UTO<<<<<<<<<<<6\rERIKSSON<<ANNA<MARIA<<<<<<<<<<\r"

// Each script has pieces as they come from the port; "|" is a pause.
func TestMessages(t *testing.T) { // R7
	for _, c := range []struct{ name, profile, script, want string }{
		{"code", "scanner-line", "900101100004\r", "text 900101100004"},
		{"code with CR LF", "scanner-line", "abc\r\n|def\r\n", "text abc, text def"},
		{"code in pieces", "scanner-line", "90\x00", "rejected"}, // judged at the pause
		{"Kazakh text", "scanner-line", "Әбдіғаппар\r", "text Әбдіғаппар"},
		{"half a code, then silence", "scanner-line", "9001|01100004\r", "rejected, text 01100004"},
		{"noise of a bad cable", "scanner-line", "ab\xFF\xFEc\r", "rejected"},
		{"too long", "scanner-line", strings.Repeat("x", 1025) + "\rabc\r", "rejected, text abc"},
		{"endless", "scanner-line", strings.Repeat("x", 10000) + "|abc\r", "rejected, text abc"},
		{"empty line", "scanner-line", "\r\r", ""},
		{"between STX and ETX, noise around", "scanner-stx", "zz\x02abc\x03\r\x02def\x03", "text abc, text def"},
		{"a second beginning", "scanner-stx", "\x02ab\x02cd\x03", "rejected, text cd"},
		{"zone", "mrz-stx", "\x01\x02" + zone + "\x03\x04", "document ERIKSSON"},
		{"zone without a frame", "mrz-lines", zone + "|", "document ERIKSSON"},
		{"zone with one wrong digit", "mrz-lines", strings.Replace(zone, "7408122", "7408132", 1) + "|", "rejected"},
		{"two lines of three", "mrz-lines", zone[:62] + "|", "rejected"},
		{"EM card of the data sheet", "em-125khz", "\x0262E3086CED08\x03", "card 62E3086CED"},
		{"EM card with a wrong check", "em-125khz", "\x0262E3086CED09\x03", "rejected"},
		{"EM card with a wrong length", "em-125khz", "\x0262E308\x89\x03", "rejected"},
		{"IDTECK", "idteck-sr30", "\x0212345678\x08\x03", "card 12345678"},
		{"IDTECK with a wrong check", "idteck-sr30", "\x0212345679\x08\x03", "rejected"},
		{"Wiegand 26", "wiegand26-serial", "A1B2C3|", "card A1B2C3"},
		{"Wiegand 26, one digit lost", "wiegand26-serial", "A1B2C|", "rejected"},
		{"Wiegand in decimal", "wiegand-decimal", "0012345678\r\n", "card 0012345678"},
	} {
		f := reader.NewFramer(configOf(t, c.profile))
		var got []string
		take := func(b []byte) {
			for _, m := range f.Take(b) {
				switch {
				case m.Rejected != "":
					got = append(got, "rejected")
				case m.Scan.Document != nil:
					got = append(got, "document "+m.Scan.Document.Surname)
				case m.Scan.Card != "":
					got = append(got, "card "+m.Scan.Card)
				default:
					got = append(got, "text "+m.Scan.Text)
				}
			}
		}
		for i, piece := range strings.Split(c.script, "|") {
			if i > 0 {
				take(nil)
			}
			// Byte by byte is the hardest way in which it can come.
			for _, b := range []byte(piece) {
				take([]byte{b})
			}
		}
		take(nil)
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// R27: what was read does not print.
func TestScansDoNotPrint(t *testing.T) {
	for _, s := range []reader.Scan{{Text: "900101100004"}, {Card: "62E3086CED"}} {
		if text := fmt.Sprintf("%v %+v %#v", s, reader.Reading{Scan: &s}, s); strings.Contains(text, s.Text+s.Card) {
			t.Errorf("%s prints its contents", text)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]reader.Config{
		"check":   {Check: "crc"},
		"content": {Content: "face"},
		"longest": {Longest: 5000},
		"idle":    {Idle: time.Hour},
		"length":  {Lengths: []int{0}},
		"end":     {End: "123456789"},
	} {
		if _, err := c.Complete(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(profile.Names("reader")) < 5 {
		t.Error("there are hardly any profiles of readers")
	}
}

// A scanner on a real port: what it says arrives, and the loss and return of the port are told (R21).
func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	port, err := line.New(line.Config{Path: path, BackoffMin: time.Millisecond, BackoffMax: 10 * time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	ctx, cancel := context.WithCancel(t.Context())
	readings := make(chan reader.Reading, 100)
	done := make(chan error, 1)
	go func() {
		done <- reader.Run(ctx, port, configOf(t, "scanner-line"), func(r reader.Reading) { readings <- r })
	}()
	next := func() reader.Reading {
		t.Helper()
		select {
		case r := <-readings:
			return r
		case <-time.After(2 * time.Minute):
			t.Fatal("no reading")
		}
		panic("unreachable")
	}
	if r := next(); !r.Known() || !r.First || r.Scan != nil {
		t.Fatalf("first reading %+v", r)
	}
	for _, text := range []string{"900101100004", "second"} {
		if err := far.Say([]byte(text + "\r")); err != nil {
			t.Fatal(err)
		}
		if r := next(); r.Scan == nil || r.Scan.Text != text || r.First {
			t.Errorf("reading %+v, want %s", r, text)
		}
	}
	if err := far.Say([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if err := far.Unplug(); err != nil {
		t.Fatal(err)
	}
	for r := next(); ; r = next() {
		if r.Scan != nil {
			t.Fatalf("half a code was believed: %q", r.Scan.Text)
		}
		if !r.Known() {
			if r.Reason != devices.Unplugged {
				t.Errorf("unknown because %s", r.Reason)
			}
			break
		}
	}
	if err := far.Replug(); err != nil {
		t.Fatal(err)
	}
	for r := next(); !r.Known(); r = next() {
		if r.Scan != nil {
			t.Fatal("a reader that is not there has read something")
		}
	}
	if err := far.Say([]byte("third\r")); err != nil {
		t.Fatal(err)
	}
	if r := next(); r.Scan == nil || r.Scan.Text != "third" {
		t.Errorf("after the return: %+v", r)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A port that is busy is said to be so.
func TestBusy(t *testing.T) {
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	defer cable.Close()
	other, err := os.OpenFile(cable.A, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := unix.Flock(int(other.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	port, err := line.New(line.Config{Path: cable.A}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var got devices.Reason
	if err := reader.Run(ctx, port, reader.Config{}, func(r reader.Reading) { got = r.Reason; cancel() }); err != nil {
		t.Fatal(err)
	}
	if got != devices.Busy {
		t.Errorf("reason %q, want busy", got)
	}
}

func FuzzFramer(f *testing.F) {
	f.Add("scanner-line", []byte("900101100004\r\n"), []byte("x\r"))
	f.Add("mrz-stx", []byte("\x02"+zone), []byte("\x03"))
	f.Add("em-125khz", []byte("\x0262E308"), []byte("6CED08\x03"))
	f.Add("idteck-sr30", []byte("\x0212345678\x08\x03"), []byte{})
	f.Add("wiegand26-serial", []byte("A1B2C3"), []byte("zz"))
	f.Fuzz(func(t *testing.T, name string, a, b []byte) {
		if p, known := profile.Find(name); !known || p.Kinds[0] != "reader" {
			t.Skip()
		}
		c := configOf(t, name)
		whole, split := reader.NewFramer(c), reader.NewFramer(c)
		together := append(append([]byte{}, a...), b...)
		want := whole.Take(together)
		got := append(split.Take(append([]byte{}, a...)), split.Take(append([]byte{}, b...))...)
		if fmt.Sprint(describe(want)) != fmt.Sprint(describe(got)) {
			t.Fatalf("cut into pieces it says something else: %v and %v", describe(want), describe(got))
		}
		for _, m := range append(want, whole.Take(nil)...) {
			if (m.Scan == nil) == (m.Rejected == "") {
				t.Fatalf("a message that is neither read nor rejected, or both: %+v", m)
			}
			if m.Scan != nil && len(m.Scan.Text)+len(m.Scan.Card) == 0 {
				t.Fatal("an empty message was believed")
			}
			if m.Scan != nil && len(c.Lengths) > 0 && len(m.Scan.Card) != c.Lengths[0] && len(m.Scan.Card) != c.Lengths[len(c.Lengths)-1] {
				t.Fatalf("a card of %d digits", len(m.Scan.Card))
			}
		}
	})
}

func describe(all []reader.Message) (out []string) {
	for _, m := range all {
		if m.Scan != nil {
			out = append(out, m.Scan.Text+m.Scan.Card)
		} else {
			out = append(out, "!"+m.Rejected)
		}
	}
	return out
}
