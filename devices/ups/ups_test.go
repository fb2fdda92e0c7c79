package ups_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emtihan/devices"
	"emtihan/devices/simulate"
	"emtihan/devices/ups"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string // nil: an error
	}{
		{"VAR exam ups.status \"OL\"\n", []string{"VAR", "exam", "ups.status", "OL"}},
		{"VAR exam ups.status \"OB DISCHRG LB\"\r\n", []string{"VAR", "exam", "ups.status", "OB DISCHRG LB"}},
		{`VAR exam ups.model "a \"b\" \\ c"` + "\n", []string{"VAR", "exam", "ups.model", `a "b" \ c`}},
		{"VAR exam x \"\"\n", []string{"VAR", "exam", "x", ""}},
		{"  ERR   DATA-STALE \n", []string{"ERR", "DATA-STALE"}},
		{"ERR DATA-STALE", nil},
		{"VAR exam ups.status \"OL\n", nil},
		{"VAR exam ups.status \"OL\"x\n", nil},
		{"VAR exam ups.sta\"tus\n", nil},
		{"VAR exam \\\n", nil},
		{"VAR \x01\n", nil},
	} {
		got, err := ups.Split(c.line)
		if (err != nil) != (c.want == nil) || cmp.Diff(c.want, got) != "" {
			t.Errorf("%q: %q, %v", c.line, got, err)
		}
	}
}

func TestParseStatus(t *testing.T) { // R21: only what is said is believed
	for _, c := range []struct {
		status       string
		battery, low bool
		ok           bool
	}{
		{"OL", false, false, true},
		{"OL CHRG LB", false, false, true},
		{"OB DISCHRG", true, false, true},
		{"OB LB", true, true, true},
		{"FSD OL", true, true, true},
		{"", false, false, false},
		{"CHRG", false, false, false},
		{"OFF", false, false, false},
		{"OL OB", false, false, false},
	} {
		r, err := ups.ParseStatus(c.status)
		if (err == nil) != c.ok || r.OnBattery != c.battery || r.LowBattery != c.low {
			t.Errorf("%q: %+v, %v", c.status, r, err)
		}
	}
}

func TestParseAnswer(t *testing.T) {
	for _, c := range []struct {
		line, value string
		reason      devices.Reason
	}{
		{"VAR exam ups.status \"OL\"\n", "OL", ""},
		{"ERR UNKNOWN-UPS\n", "", ups.UnknownUPS},
		{"ERR DRIVER-NOT-CONNECTED\n", "", ups.NoDriver},
		{"ERR DATA-STALE\n", "", ups.Stale},
		{"ERR ACCESS-DENIED\n", "", devices.Forbidden},
		{"ERR SOMETHING\n", "", devices.BadAnswer},
		{"VAR other ups.status \"OL\"\n", "", devices.BadAnswer},
		{"VAR exam battery.charge \"100\"\n", "", devices.BadAnswer},
		{"HTTP/1.1 400 Bad Request\r\n", "", devices.BadAnswer},
	} {
		value, err := ups.ParseAnswer(c.line, "exam", "ups.status")
		var reason devices.Reason
		if err != nil {
			reason = devices.ReasonOf(err)
		}
		if value != c.value || reason != c.reason {
			t.Errorf("%q: %q, %v", c.line, value, err)
		}
	}
}

// watch runs a driver and returns what it reports.
func watch(t *testing.T, c ups.Config) func(what string, ok func(ups.Reading) bool) ups.Reading {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	readings := make(chan ups.Reading, 1000)
	done := make(chan error, 1)
	go func() { done <- ups.Run(ctx, c, func(r ups.Reading) { readings <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(what string, ok func(ups.Reading) bool) ups.Reading {
		t.Helper()
		for deadline := time.After(2 * time.Minute); ; {
			select {
			case r := <-readings:
				if !r.Known() && (r.Mains() || r.OnBattery || r.LowBattery || len(r.Status) > 0 || r.Reason == "") { // R21
					t.Errorf("an unknown supply states something: %+v", r)
				}
				if ok(r) {
					return r
				}
			case <-deadline:
				t.Fatalf("%s: not reported", what)
			}
		}
	}
}

func mains(r ups.Reading) bool   { return r.Mains() }
func battery(r ups.Reading) bool { return r.Known() && r.OnBattery && !r.LowBattery }
func low(r ups.Reading) bool     { return r.Known() && r.LowBattery }
func because(reasons ...devices.Reason) func(ups.Reading) bool {
	return func(r ups.Reading) bool {
		for _, reason := range reasons {
			if r.Reason == reason {
				return !r.Known()
			}
		}
		return false
	}
}

// The simulated server through everything that can happen to it (R6, R21).
func TestSimulatedServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ups")
	server, err := simulate.NewUPS(path, "exam")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	await := watch(t, ups.Config{Address: "unix:" + path, UPS: "exam", PollInterval: 5 * time.Millisecond, Timeout: 300 * time.Millisecond, SilentAfter: time.Second})
	if r := await("mains", mains); r.Charge != 100 || r.Runtime != 20*time.Minute {
		t.Errorf("charge %d, runtime %v", r.Charge, r.Runtime)
	}
	for _, c := range []struct {
		status string
		ok     func(ups.Reading) bool
	}{
		{"OB DISCHRG", battery}, {"OB DISCHRG LB", low}, {"OL CHRG", mains}, {"OFF", because(devices.BadAnswer)}, {"OL", mains},
	} {
		server.SetStatus(c.status)
		await(c.status, c.ok)
	}
	for _, c := range []struct {
		fault  simulate.Fault
		reason devices.Reason
	}{
		{simulate.NoDriver, ups.NoDriver},
		{simulate.Stale, ups.Stale},
		{simulate.Babble, devices.BadAnswer},
		{simulate.HalfFrame, devices.Silent},
		{simulate.Silent, devices.Silent},
	} {
		server.Fail(c.fault)
		await(string(c.fault), because(c.reason))
		server.Fail(simulate.Healthy)
		await("return after "+string(c.fault), mains)
	}
	if err := server.Unplug(); err != nil {
		t.Fatal(err)
	}
	await("the server's end", because(ups.NoServer))
	if err := server.Replug(); err != nil {
		t.Fatal(err)
	}
	await("the server's return", mains)
}

func TestUnknownSupply(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ups")
	server, err := simulate.NewUPS(path, "exam")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := ups.Ask(t.Context(), ups.Config{Address: "unix:" + path, UPS: "other"}); devices.ReasonOf(err) != ups.UnknownUPS {
		t.Error(err)
	}
	if r, err := ups.Ask(t.Context(), ups.Config{Address: "unix:" + path, UPS: "exam"}); err != nil || !r.Mains() {
		t.Errorf("%+v, %v", r, err)
	}
	for _, c := range []ups.Config{{Address: "nowhere"}, {Address: "unix:"}, {UPS: "a b"}, {PollInterval: time.Hour}, {Timeout: -1}} {
		if _, err := c.Complete(); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

// NUT itself: its server, and its driver that plays a supply (package nut-server).
func TestNUT(t *testing.T) {
	const upsd, driver = "/lib/nut/upsd", "/lib/nut/dummy-ups"
	for _, program := range []string{upsd, driver} {
		if _, err := os.Stat(program); err != nil {
			t.Skip("nut-server is not installed, so there is no independent server to ask; scripts/setup installs it.")
		}
	}
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(free.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	user, err := exec.Command("id", "-un").Output()
	if err != nil {
		t.Skip("this computer does not tell the name of its user.")
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status := func(words string) { write("exam.dev", "ups.status: "+words+"\nbattery.charge: 87\nTIMER 1\n") }
	status("OL")
	write("ups.conf", fmt.Sprintf("pollinterval = 1\n[exam]\ndriver = dummy-ups\nport = %s\nmode = dummy-loop\n", filepath.Join(dir, "exam.dev")))
	write("upsd.conf", "LISTEN 127.0.0.1 "+port+"\n")
	write("upsd.users", "")
	start := func(program string, arguments ...string) *exec.Cmd {
		t.Helper()
		c := exec.Command("timeout", append([]string{"-s", "KILL", "120", program}, arguments...)...)
		c.Env = append(os.Environ(), "NUT_CONFPATH="+dir, "NUT_STATEPATH="+dir, "NUT_ALTPIDPATH="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stderr = c.Stdout
		if err := c.Start(); err != nil {
			t.Skipf("%s does not start: %v", program, err)
		}
		go func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
			}
		}()
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		return c
	}
	name := strings.TrimSpace(string(user))
	supply := start(driver, "-a", "exam", "-u", name, "-FF")
	start(upsd, "-u", name, "-F")
	await := watch(t, ups.Config{Address: "127.0.0.1:" + port, UPS: "exam", PollInterval: 50 * time.Millisecond})
	if r := await("mains", mains); r.Charge != 87 || r.Runtime != -1 {
		t.Errorf("charge %d, runtime %v", r.Charge, r.Runtime)
	}
	status("OB DISCHRG")
	await("battery", battery)
	status("OB DISCHRG LB")
	await("low battery", low)
	// Killing what limits its time leaves the driver alone, so it is asked to go.
	pid, err := os.ReadFile(filepath.Join(dir, "dummy-ups-exam.pid"))
	if err == nil {
		err = exec.Command("kill", strings.TrimSpace(string(pid))).Run()
	} else {
		err = supply.Process.Signal(os.Interrupt)
	}
	if err != nil {
		t.Fatal(err)
	}
	await("the driver's end", because(ups.NoDriver, ups.Stale))
}

func FuzzSplit(f *testing.F) {
	f.Add("VAR exam ups.status \"OL\"\n")
	f.Add(`VAR exam ups.model "a \"b\" \\ c"` + "\n")
	f.Add("ERR DATA-STALE\n")
	f.Fuzz(func(t *testing.T, line string) {
		words, err := ups.Split(line)
		if err != nil {
			return
		}
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		var again []string
		for _, w := range words {
			again = append(again, `"`+quote.Replace(w)+`"`)
		}
		same, err := ups.Split(strings.Join(again, " ") + "\n")
		if err != nil || cmp.Diff(words, same) != "" {
			t.Fatalf("%q gives %q, and written again %q, %v", line, words, same, err)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add("OL CHRG")
	f.Add("OB LB")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ups.ParseStatus(text)
		if err != nil && (r.OnBattery || r.LowBattery) {
			t.Fatal("a status that is not understood says something")
		}
		if r.LowBattery && !r.OnBattery {
			t.Fatal("a low battery that is not in use")
		}
	})
}
