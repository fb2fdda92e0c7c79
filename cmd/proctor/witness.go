package main

import (
	"encoding/json"
	"io"
	"os"
	"sync"
)

// witness appends one JSON line for each state shown. A nil witness writes nothing.
type witness struct {
	mu  sync.Mutex
	out io.WriteCloser
}

func openWitness(path string) (*witness, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &witness{out: f}, nil
}

// write appends v. The file only helps scripts, so a full disk must not disturb the window.
func (w *witness) write(v any) {
	if w == nil {
		return
	}
	data, err := json.Marshal(v)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.out.Write(append(data, '\n'))
}

func (w *witness) close() {
	if w != nil {
		w.out.Close()
	}
}
