package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// The kinds of a message.
// unmounted begins what the guest says when its kernel does not take the file system.
const unmounted = "mount the disk"

const (
	sayUp         = "up"         // the disk is mounted; Micros since the kernel started
	sayFound      = "found"      // a journal was opened and read: Number records, their Digest, Micros to open and read it
	sayUnreadable = "unreadable" // a journal could not be opened or read: Text
	sayRecovered  = "recovered"  // every journal of the disk was told
	sayCreating   = "creating"   // a journal is about to be made
	sayCreated    = "created"    // it stands
	sayTyping     = "typing"     // the load begins, after Number records
	sayAck        = "ack"        // the journal has acknowledged all records up to Number
	sayDone       = "done"       // there is nothing more to do
	sayFailed     = "failed"     // the guest itself does not work: Text
)

// message is one line that the guest says on its serial console.
type message struct {
	Kind    string `json:"k"`
	Journal string `json:"j,omitempty"`
	Number  uint64 `json:"n,omitempty"`
	Digest  string `json:"d,omitempty"`
	Micros  int64  `json:"us,omitempty"`
	Text    string `json:"t,omitempty"`
}

// The console is shared with the kernel, and cut in the middle of a line. A line that has lost a byte must not pass for an
// acknowledgement of another record, so each carries a sum.
func (m message) line() string {
	data, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return fmt.Sprintf("@%s %08x\n", data, crc32.ChecksumIEEE(data))
}

// parseLine returns the message of a console line without its end. What is no whole message is false.
func parseLine(line string) (message, bool) {
	// A kernel message without an end of line may stand before it.
	_, rest, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "@")
	at := strings.LastIndexByte(rest, ' ')
	if !ok || at < 0 {
		return message{}, false
	}
	sum, err := strconv.ParseUint(rest[at+1:], 16, 32)
	if err != nil || len(rest)-at != 9 || crc32.ChecksumIEEE([]byte(rest[:at])) != uint32(sum) {
		return message{}, false
	}
	var m message
	if json.Unmarshal([]byte(rest[:at]), &m) != nil {
		return message{}, false
	}
	return m, true
}
