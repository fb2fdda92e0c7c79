package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/station/item/media"

	"github.com/BurntSushi/toml"
)

// listeningCommand has the recordings of a listening spoken by a speech synthesiser, and writes the paper that plays them.
type listeningCommand struct {
	Source string `required:"" type:"existingfile" help:"Source of the listening: scripts, speakers and tasks."`
	Out    string `required:"" type:"path" help:"Folder that the paper, ID.toml, and its recordings, ID/, are written to."`
	Wav    bool   `help:"Leave the recordings uncompressed even where oggenc is installed."`
}

// listening is the source of a paper with recordings, as it stands in its file.
type listening struct {
	Format     int         `toml:"format"` // 1
	ID         string      `toml:"id"`     // of the paper
	Base       string      `toml:"base"`   // built-in paper that the other blocks are taken from
	Plays      int         `toml:"plays"`  // how often a recording may be heard, 1–99
	Title      exam.Text   `toml:"title"`
	Take       []take      `toml:"take"`
	Speakers   []speaker   `toml:"speakers"`
	Recordings []recording `toml:"recordings"`
}

// take names the items of the base paper that one of its blocks keeps.
type take struct {
	Block string   `toml:"block"`
	Items []string `toml:"items"`
}

// speaker is one of espeak-ng's voices with its settings.
type speaker struct {
	Name  string `toml:"name"`
	Voice string `toml:"voice"`
	Speed int    `toml:"speed"` // words a minute, 80–450
	Pitch int    `toml:"pitch"` // 0–99
	Gap   int    `toml:"gap"`   // between words, in units of 10 ms, 0–50
}

// recording is one sound and the tasks on it. What is said stays here; the paper tells the candidate the lead alone.
type recording struct {
	ID     string `toml:"id"`
	Lead   string `toml:"lead"`
	About  string `toml:"about"` // stands for the sound where it cannot be heard
	Script string `toml:"script"`
	Items  []struct {
		Text    string   `toml:"text"`
		Options []string `toml:"options"`
		Key     string   `toml:"key"` // A, B, C …
	} `toml:"items"`
}

// utterance is words of one speaker, or, without a speaker, a pause.
type utterance struct {
	speaker string
	words   string
	pause   time.Duration
}

// listeningBlock is the block that the recordings' tasks make, the first of the paper.
const listeningBlock = "listening"

// readListening reads a source. Errors name the recording, task or line that is wrong.
func readListening(data []byte) (*listening, error) {
	l := new(listening)
	meta, err := toml.Decode(string(data), l)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("listening: "+format, args...))
		}
	}
	for _, key := range meta.Undecoded() {
		bad(false, "unknown key %s", key)
	}
	bad(l.Format == 1, "format is %d, this program reads format 1", l.Format)
	bad(l.Plays >= 1 && l.Plays <= 99, "recordings may be heard %d times, not 1–99", l.Plays)
	known := make(map[string]bool)
	for _, s := range l.Speakers {
		bad(s.Name != "" && !known[s.Name], "speaker %q has no name or stands twice", s.Name)
		known[s.Name] = true
		bad(s.Voice != "" && !strings.HasPrefix(s.Voice, "-"), "speaker %q has the voice %q", s.Name, s.Voice)
		bad(s.Speed >= 80 && s.Speed <= 450 && s.Pitch >= 0 && s.Pitch <= 99 && s.Gap >= 0 && s.Gap <= 50,
			"speaker %q has speed %d, pitch %d and gap %d; 80–450, 0–99 and 0–50 can be spoken", s.Name, s.Speed, s.Pitch, s.Gap)
	}
	bad(len(l.Recordings) > 0, "no recordings")
	for _, r := range l.Recordings {
		said, err := readScript(r.Script, known)
		bad(err == nil, "recording %q: %v", r.ID, err)
		bad(len(said) > 0, "recording %q says nothing", r.ID)
		bad(len(r.Items) > 0, "recording %q has no tasks", r.ID)
		for i, it := range r.Items {
			bad(len(it.Options) >= 2 && len(it.Options) <= 12, "recording %q, task %d has %d options, not 2–12", r.ID, i+1, len(it.Options))
			at := optionPlace(it.Key)
			bad(at >= 0 && at < len(it.Options), "recording %q, task %d has the key %q", r.ID, i+1, it.Key)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return l, nil
}

// optionPlace returns the place of an option by its letter, or -1.
func optionPlace(letter string) int {
	if len(letter) != 1 {
		return -1
	}
	return int(letter[0]) - 'A'
}

// readScript reads the lines of a script: "NAME: words" by one of the known speakers, or a pause as "2 s", up to 30 s.
func readScript(script string, known map[string]bool) (out []utterance, err error) {
	for i, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if number, isPause := strings.CutSuffix(line, " s"); isPause && !strings.Contains(line, ":") {
			seconds, err := strconv.Atoi(number)
			if err != nil || seconds < 1 || seconds > 30 {
				return nil, fmt.Errorf("line %d: %q is no pause of 1 to 30 seconds", i+1, line)
			}
			out = append(out, utterance{pause: time.Duration(seconds) * time.Second})
			continue
		}
		name, words, ok := strings.Cut(line, ":")
		words = strings.TrimSpace(words)
		if !ok || words == "" {
			return nil, fmt.Errorf("line %d: %q is neither NAME: words nor a pause", i+1, line)
		}
		if !known[name] {
			return nil, fmt.Errorf("line %d: there is no speaker %q", i+1, name)
		}
		out = append(out, utterance{speaker: name, words: words})
	}
	return out, nil
}

// paper makes the paper: the tasks on the recordings first, then the blocks of the base with the items that are taken. media
// has the recordings' files.
func (l *listening) paper(base *exam.Paper, sounds []exam.Medium) (*exam.Paper, error) {
	const lang = "en"
	p := &exam.Paper{Format: 1, ID: l.ID, Languages: []string{lang}, Title: l.Title, Media: sounds}
	block := exam.Block{ID: listeningBlock, Title: exam.Text{lang: "Listening"}}
	for i, r := range l.Recordings {
		times := "twice"
		if l.Plays != 2 {
			times = fmt.Sprintf("%d times", l.Plays)
		}
		text := fmt.Sprintf("## Recording %d\n\n%s\n\nYou may hear it %s. Read the questions first.\n\n![Recording %d: %s](%s)", i+1, r.Lead, times, i+1, r.About, r.ID)
		p.Passages = append(p.Passages, exam.Passage{ID: r.ID, Text: exam.Text{lang: text}})
		for _, it := range r.Items {
			item := exam.Item{
				ID: fmt.Sprintf("LS-%02d", len(block.Items)+1), Kind: exam.Single, Points: 1, Passage: r.ID, Key: []string{it.Key},
				Text: exam.Text{lang: it.Text},
			}
			for n, option := range it.Options {
				item.Options = append(item.Options, exam.Option{ID: string(rune('A' + n)), Text: exam.Text{lang: option}})
			}
			block.Items = append(block.Items, item)
		}
	}
	p.Blocks = append(p.Blocks, block)
	used := make(map[string]bool)
	for _, t := range l.Take {
		at := slices.IndexFunc(base.Blocks, func(b exam.Block) bool { return b.ID == t.Block })
		if at < 0 {
			return nil, fmt.Errorf("listening: the paper %q has no block %q", base.ID, t.Block)
		}
		kept := exam.Block{ID: t.Block, Title: base.Blocks[at].Title}
		for _, id := range t.Items {
			i := slices.IndexFunc(base.Blocks[at].Items, func(it exam.Item) bool { return it.ID == id })
			if i < 0 {
				return nil, fmt.Errorf("listening: the block %q of %q has no item %q", t.Block, base.ID, id)
			}
			kept.Items = append(kept.Items, base.Blocks[at].Items[i])
			used[base.Blocks[at].Items[i].Passage] = true
		}
		p.Blocks = append(p.Blocks, kept)
	}
	for _, s := range base.Passages {
		if used[s.ID] {
			p.Passages = append(p.Passages, s)
		}
	}
	return p, nil
}

// Run implements kong's command.
func (c *listeningCommand) Run(s streams) error {
	data, err := os.ReadFile(c.Source)
	if err != nil {
		return err
	}
	l, err := readListening(data)
	if err != nil {
		return err
	}
	base, err := assets.Paper(l.Base)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		return errors.New("listening: espeak-ng is not installed: run scripts/setup")
	}
	encoder, _ := exec.LookPath("oggenc")
	if c.Wav {
		encoder = ""
	}
	folder := filepath.Join(c.Out, l.ID)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var sounds []exam.Medium
	for _, r := range l.Recordings {
		data, err := l.record(r)
		if err != nil {
			return err
		}
		name := r.ID + ".wav"
		if encoder != "" {
			name = r.ID + ".ogg"
			if data, err = compress(encoder, data); err != nil {
				return fmt.Errorf("recording %q: %w", r.ID, err)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		sounds = append(sounds, exam.Medium{ID: r.ID, Kind: exam.Sound, File: name, SHA256: hex.EncodeToString(sum[:]), Plays: l.Plays})
	}
	paper, err := l.paper(base, sounds)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Made by bin/simulate listening of %s and %s.toml: edit those.\n\n", filepath.Base(c.Source), l.Base)
	if err := toml.NewEncoder(&text).Encode(paper); err != nil {
		return err
	}
	// What a station does the day before, so that a recording that it would refuse is not called made.
	read, err := exam.ParsePaper(text.Bytes())
	if err != nil {
		return err
	}
	set, err := media.Load(read, func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, file)) }, true)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Out, l.ID+".toml")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return err
	}
	length := time.Duration(0)
	for _, m := range sounds {
		length += set.Sound(m.ID).Length
	}
	fmt.Fprintf(s.out, "%s: %d tasks, %d recordings of %v together\n", path, len(read.Items()), len(sounds), length.Round(time.Second))
	return nil
}

// The form of every recording: one channel of 16 bits at espeak-ng's own rate.
const (
	speechRate = 22050
	// speechTop is the loudest sample of each utterance, so that no voice is louder than another by its make.
	speechTop = 24000
	// betweenUtterances is the silence after each of them.
	betweenUtterances = 450 * time.Millisecond
)

// record returns a recording as a WAV file.
func (l *listening) record(r recording) ([]byte, error) {
	speakers := make(map[string]speaker)
	known := make(map[string]bool)
	for _, s := range l.Speakers {
		speakers[s.Name], known[s.Name] = s, true
	}
	script, err := readScript(r.Script, known)
	if err != nil {
		return nil, fmt.Errorf("recording %q: %w", r.ID, err)
	}
	samples := quiet(betweenUtterances)
	for _, u := range script {
		if u.speaker == "" {
			samples = append(samples, quiet(u.pause)...)
			continue
		}
		spoken, err := speak(speakers[u.speaker], u.words)
		if err != nil {
			return nil, fmt.Errorf("recording %q, %q: %w", r.ID, u.words, err)
		}
		samples = append(append(samples, level(spoken)...), quiet(betweenUtterances)...)
	}
	return waveFile(samples), nil
}

func quiet(d time.Duration) []int16 { return make([]int16, int64(d)*speechRate/int64(time.Second)) }

// speak has words spoken. The words go in by a pipe: none of them can be taken for an option.
func speak(s speaker, words string) ([]int16, error) {
	out, err := through("espeak-ng", []byte(words), "-b", "1", "-v", s.Voice, "-s", strconv.Itoa(s.Speed), "-p", strconv.Itoa(s.Pitch),
		"-g", strconv.Itoa(s.Gap), "--stdin", "--stdout")
	if err != nil {
		return nil, err
	}
	return waveSamples(out)
}

// compress makes an Ogg Vorbis file. With a serial number of its own it would be another file each time.
func compress(encoder string, wav []byte) ([]byte, error) {
	return through(encoder, wav, "--quiet", "--serial", "1", "--quality", "3", "--output", "-", "-")
}

// through runs a program on some bytes and returns what it writes.
func through(name string, input []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = bytes.NewReader(input)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, bytes.TrimSpace(said.Bytes()))
	}
	return out, nil
}

// level brings the loudest sample to speechTop.
func level(samples []int16) []int16 {
	loudest := 0
	for _, v := range samples {
		loudest = max(loudest, int(v), -int(v))
	}
	if loudest == 0 {
		return samples
	}
	out := make([]int16, len(samples))
	for i, v := range samples {
		out[i] = int16(int(v) * speechTop / loudest)
	}
	return out
}

// waveSamples reads what the synthesiser writes to a pipe: a WAV file whose lengths it could not yet know.
func waveSamples(data []byte) ([]int16, error) {
	le := binary.LittleEndian
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return nil, errors.New("what was spoken is no WAV file")
	}
	format := false
	for rest := data[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int64(le.Uint32(rest[4:]))
		body := rest[8:]
		switch name {
		case "fmt ":
			if size < 16 || int64(len(body)) < size {
				return nil, errors.New("the WAV file of what was spoken ends in its head")
			}
			kind, channels, rate, bits := le.Uint16(body), le.Uint16(body[2:]), le.Uint32(body[4:]), le.Uint16(body[14:])
			if kind != 1 || channels != 1 || rate != speechRate || bits != 16 {
				return nil, fmt.Errorf("what was spoken has %d channels of %d bits at %d Hz, not 1 of 16 at %d", channels, bits, rate, speechRate)
			}
			format = true
		case "data":
			if !format {
				return nil, errors.New("the WAV file of what was spoken has no head")
			}
			body = body[:min(int64(len(body)), size)]
			out := make([]int16, len(body)/2)
			for i := range out {
				out[i] = int16(le.Uint16(body[2*i:]))
			}
			return out, nil
		}
		if size += size & 1; size > int64(len(body)) {
			break
		}
		rest = body[size:]
	}
	return nil, errors.New("the WAV file of what was spoken holds no sound")
}

func waveFile(samples []int16) []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.LittleEndian, v) // a buffer takes everything
		}
	}
	b.WriteString("RIFF")
	put(uint32(36 + 2*len(samples)))
	b.WriteString("WAVEfmt ")
	put(uint32(16), uint16(1), uint16(1), uint32(speechRate), uint32(2*speechRate), uint16(2), uint16(16))
	b.WriteString("data")
	put(uint32(2*len(samples)), samples)
	return b.Bytes()
}

// copyPaper puts a paper and its media from a folder of papers beside a session, where a station looks for them before the
// built-in ones. It returns nil without an error where the folder has no such paper.
func copyPaper(from, id, room string) (*exam.Paper, error) {
	data, err := os.ReadFile(filepath.Join(from, id+".toml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	paper, err := exam.ParsePaper(data)
	if err != nil {
		return nil, err
	}
	if paper.ID != id {
		return nil, fmt.Errorf("%s.toml holds the paper %q", id, paper.ID)
	}
	folder := filepath.Join(room, "papers", id)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	for _, m := range paper.Media {
		sound, err := os.ReadFile(filepath.Join(from, id, m.File))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, m.File), sound, 0o600); err != nil {
			return nil, err
		}
	}
	return paper, os.WriteFile(filepath.Join(room, "papers", id+".toml"), data, 0o600)
}
