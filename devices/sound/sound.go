// Package sound plays the sounds of a paper: it decodes WAV, MP3 and Ogg Vorbis and gives the samples to a loudspeaker, and
// what it tells of that are readings, as of every device: playing, ended, no device, failed.
//
// ALSA is spoken to directly. The usual module for Go opens one device for the life of a program and is silent about how much
// of a sound was really heard; here a headset may be pulled out and put in again, and the place of a sound is what has left
// the loudspeaker.
package sound

import (
	"errors"
	"time"
)

// Format is how a sound was recorded.
type Format struct {
	Rate     int // frames in a second, from 8000 to 192000
	Channels int // 1 or 2
}

// Source is a sound that is being decoded. It is used by one goroutine at a time.
type Source interface {
	// Format returns how the samples of Read are to be played.
	Format() Format
	// Frames returns how long the sound is, in frames; a frame is one sample of each channel.
	Frames() int64
	// Read fills dst, whose length is a multiple of the channels, with samples of neighbouring channels, and returns how many
	// there were. At the end it returns 0 and io.EOF. An error is one of *FormatError.
	Read(dst []int16) (int, error)
	// GoTo goes on at a frame, from 0 to Frames.
	GoTo(frame int64) error
}

// Length returns how long a sound plays.
func Length(s Source) time.Duration { return Time(s.Frames(), s.Format().Rate) }

// Time returns how long frames take at a rate.
func Time(frames int64, rate int) time.Duration {
	whole, rest := frames/int64(rate), frames%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}

// frame returns which frame stands at a time, at most the last.
func frame(s Source, at time.Duration) int64 {
	rate := int64(s.Format().Rate)
	n := int64(at/time.Second)*rate + int64(at%time.Second)*rate/int64(time.Second)
	return min(max(n, 0), s.Frames())
}

// State is what a player says of the sound.
type State string

// The states. All but Playing are the last one of a sound.
const (
	Playing  State = "playing"
	Ended    State = "ended"     // it was heard to its end
	Stopped  State = "stopped"   // Stop, or another sound
	NoDevice State = "no-device" // there is no loudspeaker, or it was unplugged, or another program has it
	Failed   State = "failed"    // the device or the file does what it should not
)

// Reading is a state at a time.
type Reading struct {
	State    State
	Position time.Duration // how far the sound has been heard, from its beginning; it never goes back
	Err      error         // with NoDevice and Failed: what the system says
}

// Player plays one sound at a time. Its methods return at once and may be called from any goroutine.
type Player interface {
	// Play plays a sound from a time on, after it has stopped any other. tell gets readings, one after the other, on a
	// goroutine of the player's: some in a second while it plays, and then one last.
	Play(s Source, from time.Duration, tell func(Reading))
	// Stop ends what is playing.
	Stop()
	// SetVolume sets how loud it is, from 0 to 100; it is heard within a quarter of a second.
	SetVolume(percent int)
	// Volume returns how loud it is.
	Volume() int
}

// ErrNoDevice is the error of a loudspeaker that is not there.
var ErrNoDevice = errors.New("no sound device")

// StartVolume is the volume of a new player.
const StartVolume = 70
