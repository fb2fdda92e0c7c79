package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"emtihan/devices/camera"
)

const (
	filmRate    = 25 // pictures a second, as in the test videos
	filmQuality = 92 // of a JPEG; that of a webcam in its best mode
)

// takeFrames reads the frames from first on, fewer than n at the end of the file.
func takeFrames(file string, first, n int) ([]frameBGR, error) {
	var out []frameBGR
	i := 0
	err := camera.Scan(context.Background(), file, func(f camera.Frame) bool {
		if i >= first {
			out = append(out, frameBGR{f.Width, f.Height, f.BGR})
		}
		i++
		return len(out) < n
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%s has no frame %d", file, first)
	}
	return out, err
}

// toAndFro plays frames to their end and back, so that the repetition has no seam.
func toAndFro(frames []frameBGR) []frameBGR {
	out := append([]frameBGR{}, frames...)
	for i := len(frames) - 2; i > 0; i-- {
		out = append(out, frames[i])
	}
	return out
}

// darkened is the room with its lamp out: k of the light, 0–1.
func darkened(frames []frameBGR, k float64) []frameBGR {
	out := make([]frameBGR, 0, len(frames))
	for _, f := range frames {
		g := frameBGR{f.w, f.h, make([]byte, len(f.pix))}
		for i, b := range f.pix {
			g.pix[i] = byte(k*float64(b) + 0.5)
		}
		out = append(out, g)
	}
	return out
}

// palmed lays a hand over mouth and nose of a face in the box; it sways, as no hand is quite still.
func palmed(frames []frameBGR, face image.Rectangle) []frameBGR {
	skin, shade := color.RGBA{196, 150, 120, 255}, color.RGBA{120, 84, 66, 255}
	wide, high := float64(face.Dx()), float64(face.Dy())
	out := make([]frameBGR, 0, len(frames))
	for n, f := range frames {
		g := frameBGR{f.w, f.h, bytes.Clone(f.pix)}
		x, y := float64(face.Min.X)+wide/2+3*math.Sin(float64(n)/6), float64(face.Min.Y)+0.7*high
		g.oval(x, y, 0.34*wide, 0.26*wide, skin)
		for i := range 4 {
			fx, fy := x-wide/4+float64(i)*wide/6, y-0.24*wide
			g.oval(fx, fy, 0.08*wide+1, 0.24*wide+1, shade)
			g.oval(fx, fy, 0.08*wide, 0.24*wide, skin)
		}
		out = append(out, g)
	}
	return out
}

// oval fills an ellipse.
func (p frameBGR) oval(cx, cy, rx, ry float64, c color.RGBA) {
	for y := max(0, int(cy-ry)); y <= min(p.h-1, int(cy+ry)); y++ {
		for x := max(0, int(cx-rx)); x <= min(p.w-1, int(cx+rx)); x++ {
			if math.Hypot((float64(x)-cx)/rx, (float64(y)-cy)/ry) <= 1 {
				i := 3 * (y*p.w + x)
				p.pix[i], p.pix[i+1], p.pix[i+2] = c.B, c.G, c.R
			}
		}
	}
}

// pictures encodes a film for a webcam of the network.
func pictures(frames []frameBGR) ([][]byte, error) {
	out := make([][]byte, 0, len(frames))
	for _, f := range frames {
		img := image.NewRGBA(image.Rect(0, 0, f.w, f.h))
		for i := range f.w * f.h {
			img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = f.pix[3*i+2], f.pix[3*i+1], f.pix[3*i], 255
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: filmQuality}); err != nil {
			return nil, err
		}
		out = append(out, b.Bytes())
	}
	return out, nil
}

// webcam is a camera of the network: it plays a film again and again, and can be given another one without being lost meanwhile, as
// happens when somebody lights the lamp before a real camera.
type webcam struct {
	address string
	server  *http.Server

	mu   sync.Mutex
	film [][]byte
	sent int // pictures of this film that have gone to somebody
}

func startWebcam() (*webcam, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &webcam{address: "http://" + l.Addr().String() + "/"}
	w.server = &http.Server{
		Handler: w, ReadHeaderTimeout: 5 * time.Second,
		// Pictures that wait in a long buffer would be late ones.
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetWriteBuffer(64 << 10)
			}
			return ctx
		},
	}
	go func() { _ = w.server.Serve(l) }() // ends with Close
	return w, nil
}

func (w *webcam) close() { _ = w.server.Close() }

// show puts another film before the camera.
func (w *webcam) show(film [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.film, w.sent = film, 0
}

// watched waits until somebody has taken so many pictures of the present film.
func (w *webcam) watched(n int) error {
	for deadline := time.Now().Add(actPatience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		sent := w.sent
		w.mu.Unlock()
		if sent >= n {
			return nil
		}
	}
	return errors.New("nobody looks at the camera")
}

// ServeHTTP sends pictures one after the other in their time until nobody takes them any more.
func (w *webcam) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=picture")
	beat := time.NewTicker(time.Second / filmRate)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
		}
		w.mu.Lock()
		var picture []byte
		if len(w.film) > 0 {
			picture = w.film[w.sent%len(w.film)]
			w.sent++
		}
		w.mu.Unlock()
		if picture == nil {
			continue
		}
		_, err := fmt.Fprintf(out, "--picture\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture)
		if err == nil {
			err = http.NewResponseController(out).Flush()
		}
		if err != nil {
			return
		}
	}
}
