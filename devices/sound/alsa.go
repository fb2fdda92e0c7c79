package sound

/*
#cgo pkg-config: alsa
#include <errno.h>
#include <stdlib.h>
#include <alsa/asoundlib.h>

// What ALSA would print to the standard error is in the error that it returns.
static void quiet(const char *file, int line, const char *function, int err, const char *fmt, ...) {}
static void hush(void) { snd_lib_error_set_handler(quiet); }
*/
import "C"

import (
	"fmt"
	"sync"
	"time"
	"unsafe"
)

// NewALSA returns a player on an ALSA device by name; the empty name stands for "default". The device is opened for each
// sound, so that one that was plugged in meanwhile is found.
func NewALSA(device string) Player {
	if device == "" {
		device = "default"
	}
	return newPlayer(func(f Format) (pcm, error) { return openALSA(device, f) })
}

var hush = sync.OnceFunc(func() { C.hush() })

type alsa struct {
	h      *C.snd_pcm_t
	device string
}

func openALSA(device string, f Format) (pcm, error) {
	hush()
	name := C.CString(device)
	defer C.free(unsafe.Pointer(name))
	a := &alsa{device: device}
	if e := C.snd_pcm_open(&a.h, name, C.SND_PCM_STREAM_PLAYBACK, C.SND_PCM_NONBLOCK); e < 0 {
		return nil, fmt.Errorf("%w: open %q: %s", ErrNoDevice, device, reason(e))
	}
	e := C.snd_pcm_set_params(a.h, C.SND_PCM_FORMAT_S16, C.SND_PCM_ACCESS_RW_INTERLEAVED, C.uint(f.Channels), C.uint(f.Rate), 1, C.uint(latency/time.Microsecond))
	if e < 0 {
		a.close()
		return nil, fmt.Errorf("device %q does not play %d Hz with %d channels: %s", device, f.Rate, f.Channels, reason(e))
	}
	return a, nil
}

func reason(e C.int) string { return C.GoString(C.snd_strerror(e)) }

func (a *alsa) write(samples []int16, channels int) (int, error) {
	n := C.snd_pcm_writei(a.h, unsafe.Pointer(&samples[0]), C.snd_pcm_uframes_t(len(samples)/channels))
	if n >= 0 {
		return int(n), nil
	}
	if n != -C.EAGAIN {
		return 0, a.mend("write", C.int(n))
	}
	if e := C.snd_pcm_wait(a.h, C.int(waitSlice/time.Millisecond)); e < 0 {
		return 0, a.mend("wait", e)
	}
	return 0, nil
}

// mend makes the device go on after the program was too slow for it, or the computer slept. What cannot be mended so is a
// device that went away.
func (a *alsa) mend(deed string, e C.int) error {
	if e == -C.EAGAIN {
		return nil
	}
	if e == -C.EPIPE || e == -C.ESTRPIPE || e == -C.EINTR {
		again := C.snd_pcm_prepare(a.h)
		if again >= 0 {
			return nil
		}
		e = again
	}
	return fmt.Errorf("%w: %s %q: %s", ErrNoDevice, deed, a.device, reason(e))
}

func (a *alsa) pending() int {
	var n C.snd_pcm_sframes_t
	if s := C.snd_pcm_state(a.h); s != C.SND_PCM_STATE_RUNNING && s != C.SND_PCM_STATE_PREPARED && s != C.SND_PCM_STATE_DRAINING {
		return 0
	}
	if e := C.snd_pcm_delay(a.h, &n); e < 0 || n < 0 {
		return 0
	}
	return int(n)
}

func (a *alsa) finish() error {
	// In the mode that does not block it returns at once and goes on playing.
	if e := C.snd_pcm_drain(a.h); e < 0 && e != -C.EAGAIN {
		return a.mend("finish", e)
	}
	return nil
}

func (a *alsa) close() {
	C.snd_pcm_drop(a.h)
	C.snd_pcm_close(a.h)
}
