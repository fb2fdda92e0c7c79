package osdp_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"emtihan/devices/osdp"
	"emtihan/devices/osdp/wire"
	"emtihan/devices/simulate"
)

// BenchmarkDoor measures the way from a change of the door contact to the reading, on a line that takes the time of 9600
// bit/s. The floor is what nobody can be faster than on such a line: half a round of polls, then the poll that brings the
// news, whose reply is encrypted.
func BenchmarkDoor(b *testing.B) {
	const (
		baud       = 9600
		poll, news = 14 + 14, 14 + 30 // bytes of both directions
	)
	character := 10 * time.Second / baud
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d on the line", n), func(b *testing.B) {
			dir := b.TempDir()
			far, err := simulate.NewLine(dir + "/port")
			if err != nil {
				b.Fatal(err)
			}
			defer far.Close()
			far.Pace(baud)
			c := osdp.Config{Keys: dir + "/keys"}
			c.Path = dir + "/port"
			// The simulated line waits for the message to pass after it has come.
			c.ResponseTimeout = 2 * time.Second
			keys, err := osdp.OpenKeys(c.Keys)
			if err != nil {
				b.Fatal(err)
			}
			var door *simulate.Peripheral
			for i := range n {
				base := [16]byte{1, 2, byte(i)}
				p := simulate.NewPeripheral(simulate.PeripheralConfig{Address: byte(i), Inputs: 1, Key: &base})
				if i == 0 {
					door = p
				}
				far.AttachPeripheral(p)
				name := fmt.Sprint("door", i)
				c.Peripherals = append(c.Peripherals, osdp.PeripheralConfig{Name: name, Address: byte(i)})
				if err := keys.Set(name, wire.Key(base)); err != nil {
					b.Fatal(err)
				}
			}
			panel, err := osdp.Open(c, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer panel.Close()
			seen, ready := make(chan time.Time, 100), make(chan string, 100)
			done := make(chan error, 1)
			ctx, cancel := context.WithCancel(b.Context())
			go func() {
				done <- panel.Run(ctx, osdp.Observer{Reading: func(r osdp.Reading) {
					switch {
					case r.First:
						ready <- r.Device
					case r.Known() && r.Device == "door0":
						seen <- time.Now()
					}
				}})
			}()
			defer func() {
				cancel()
				if err := <-done; err != nil {
					b.Error(err)
				}
			}()
			for range n {
				<-ready
			}
			var times []time.Duration
			open := false
			for b.Loop() {
				time.Sleep(time.Duration(rand.Int64N(int64(poll) * int64(n) * int64(character))))
				open = !open
				began := time.Now()
				door.SetInput(0, open)
				times = append(times, (<-seen).Sub(began))
			}
			slices.Sort(times)
			floor := time.Duration(n)*poll*character/2 + news*character
			ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
			p50 := times[len(times)/2]
			b.ReportMetric(ms(p50), "p50_ms")
			b.ReportMetric(ms(times[len(times)*95/100]), "p95_ms")
			b.ReportMetric(ms(floor), "floor_ms")
			b.ReportMetric(float64(p50)/float64(floor), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
