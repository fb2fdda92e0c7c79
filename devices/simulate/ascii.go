package simulate

import (
	"bytes"
	"fmt"
	"sync"
)

// ASCIIDetector is a metal detector that answers AC with its statistics, as the manual of the CEIA 02PN20 prints them. Its
// methods may be called by any goroutine.
type ASCIIDetector struct {
	mu       sync.Mutex
	passages uint32
	alarms   uint32
	fault    Fault
}

// NewASCIIDetector returns a detector through which nobody has gone yet.
func NewASCIIDetector() *ASCIIDetector { return &ASCIIDetector{fault: Healthy} }

// Pass lets somebody go through, with or without an alarm.
func (d *ASCIIDetector) Pass(alarm bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passages++
	if alarm {
		d.alarms++
	}
}

// Reset sets the statistics to zero, as a power cut or somebody with the command CR may.
func (d *ASCIIDetector) Reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passages, d.alarms = 0, 0
}

// Fail makes the detector misbehave until Fail(Healthy). The checks of WrongCRC and the unit of WrongUnit do not exist here.
func (d *ASCIIDetector) Fail(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// statisticsRequest asks for the statistics.
var statisticsRequest = []byte("AC\r")

func (d *ASCIIDetector) respond() ([]byte, Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ratio := 0.0
	if d.passages > 0 {
		ratio = 100 * float64(d.alarms) / float64(d.passages)
	}
	return fmt.Appendf(nil, "P %d\r\nTA %d\r\nTR %.1f%%\r\nMA %d\r\nMR %.1f%%\r\n", d.passages, d.alarms, ratio, d.alarms, ratio), d.fault
}

// AttachASCII puts a detector on the line, which then speaks ASCII.
func (l *Line) AttachASCII(d *ASCIIDetector) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ascii = d
}

// hearASCII answers the requests in stream and returns what may become one.
func (l *Line) hearASCII(p *plug, d *ASCIIDetector, stream []byte, quiet bool) []byte {
	for {
		i := bytes.Index(stream, statisticsRequest)
		if i < 0 {
			break
		}
		l.hear(p, statisticsRequest)
		answer, fault := d.respond()
		l.say(p, fault, statisticsRequest, answer)
		stream = stream[i+len(statisticsRequest):]
	}
	if quiet {
		return nil
	}
	return stream
}
