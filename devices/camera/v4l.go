package camera

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mode is how a video device is asked to deliver; zero fields leave the choice
// to the device.
type mode struct {
	w, h   int
	fourcc string // "MJPG", "YUYV"
	fps    int
}

// More pixels bring no better face at arm's length, only load.
const usualWidth, usualHeight = 640, 480

// modes are tried one after the other on a device that opens and then gives no
// picture: two uncompressed cameras on one USB bus ask for more than it carries,
// and the second one is refused.
var modes = []mode{
	{w: usualWidth, h: usualHeight},
	{w: usualWidth, h: usualHeight, fourcc: "MJPG"},
	{w: usualWidth, h: usualHeight, fourcc: "YUYV", fps: 5},
	{w: 320, h: 240},
	{}, // whatever it likes
}

// modeOf returns the mode of an attempt, counted from 0; a mode that the name
// of the source asks for is the only one.
func (t target) modeOf(attempt int) mode {
	if t.mode != (mode{}) {
		return t.mode
	}
	return modes[attempt%len(modes)]
}

// errNotVideo: the device or file is there and is no source of pictures.
var errNotVideo = errors.New("not a video device")

// requestBuffers is struct v4l2_requestbuffers of linux/videodev2.h.
type requestBuffers struct {
	count, kind, memory, capabilities uint32
	flags                             uint8
	_                                 [3]uint8
}

const (
	vidiocReqbufs = 0xc0145608 // _IOWR('V', 8, struct v4l2_requestbuffers)
	kindCapture   = 1          // V4L2_BUF_TYPE_VIDEO_CAPTURE
	memoryMmap    = 1          // V4L2_MEMORY_MMAP
)

// diagnose asks the kernel why a video device does not open, since OpenCV tells
// only that it did not: EBUSY, EACCES, ENODEV, errNotVideo, or nil where the
// kernel sees nothing wrong.
func diagnose(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// Many programs may open a device; only one may hold its buffers. Closing
	// gives them back.
	ask := requestBuffers{count: 1, kind: kindCapture, memory: memoryMmap}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), vidiocReqbufs, uintptr(unsafe.Pointer(&ask))); errno != 0 {
		if errno == unix.ENOTTY || errno == unix.EINVAL {
			return fmt.Errorf("%w: %w", errNotVideo, errno)
		}
		return errno
	}
	return nil
}

// staleBuffers is how many pictures a driver keeps for a reader that paused;
// OpenCV asks for four.
const staleBuffers = 4

// slowSkip is how long skipping one picture may take before the stream is
// taken for lost and read, which tells.
const slowSkip = time.Second
