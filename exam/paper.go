package exam

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"emtihan/exam/content"
)

// ItemKind says how an item is answered.
type ItemKind string

// The kinds of items.
const (
	Single   ItemKind = "single"   // one option
	Multiple ItemKind = "multiple" // one option or several
	Short    ItemKind = "short"    // a line of text
	Long     ItemKind = "long"     // text in paragraphs
	Essay    ItemKind = "essay"    // text in paragraphs with the number of words asked for
	Match    ItemKind = "match"    // a target for each option
	Order    ItemKind = "order"    // the options in their right order
)

// IsText reports whether the item is answered in the candidate's own words.
func (k ItemKind) IsText() bool { return k == Short || k == Long || k == Essay }

// CanStrike reports whether the candidate may strike options out on the way to an answer.
func (k ItemKind) CanStrike() bool { return k == Single || k == Multiple }

// Paper is what is asked: blocks of items, in the exam languages in which it exists. Its texts have the marks of package
// content; Content reads them.
type Paper struct {
	Format    int       `toml:"format"`    // 1
	ID        string    `toml:"id"`        // [a-z0-9-]{1,32}
	Languages []string  `toml:"languages"` // each text of the paper exists in each of them
	Title     Text      `toml:"title"`
	Media     []Medium  `toml:"media"`
	Passages  []Passage `toml:"passages"`
	Blocks    []Block   `toml:"blocks"`

	digest string
	items  []*Item
	place  map[string]int
	media  map[string]*Medium

	original *Paper // in a candidate's order: the paper as its file has it
}

// MediumKind says what a medium is.
type MediumKind string

// The kinds of media.
const (
	Picture MediumKind = "picture" // PNG, JPEG, SVG
	Sound   MediumKind = "sound"   // WAV, MP3, Ogg Vorbis
)

// Medium is a file that texts of the paper show by ![description](id). It lies in a folder beside the paper.
type Medium struct {
	ID     string     `toml:"id"` // [A-Za-z0-9-]{1,16}
	Kind   MediumKind `toml:"kind"`
	File   string     `toml:"file"`   // a plain name, without a folder
	SHA256 string     `toml:"sha256"` // of the file, in hex: the paper's digest stands for its media too
	Plays  int        `toml:"plays"`  // sounds: how often it may be heard, 0–99; 0: any number of times
}

// Passage is a text that several items share.
type Passage struct {
	ID   string `toml:"id"`
	Text Text   `toml:"text"`
}

// Block is a titled part of the paper.
type Block struct {
	ID    string `toml:"id"`
	Title Text   `toml:"title"`
	Fixed bool   `toml:"fixed"` // its tasks stand in this order for everybody
	Items []Item `toml:"items"`
}

// Item is one task.
type Item struct {
	ID       string   `toml:"id"` // unique in the paper, [A-Za-z0-9-]{1,16}
	Kind     ItemKind `toml:"kind"`
	Points   int      `toml:"points"`  // 1–1000
	Passage  string   `toml:"passage"` // id of a passage, or empty
	WordsMin int      `toml:"words_min"`
	WordsMax int      `toml:"words_max"` // 0: no limit is stated
	Key      []string `toml:"key"`       // what is right, as in Response.Options, or accepted short answers; empty: a person marks the item
	Text     Text     `toml:"text"`
	Options  []Option `toml:"options"`
	Targets  []Option `toml:"targets"` // Match: what the options are put to
	Reuse    bool     `toml:"reuse"`   // Match: a target may take several options
	Themes   []Option `toml:"themes"`  // Long, Essay: 2–8, of which the candidate chooses one before writing; none: the text alone asks

	Fixed     bool   `toml:"fixed"`     // its options stand in this order for everybody ("all of the above")
	Marking   Scheme `toml:"marking"`   // empty: as the profile says
	Tolerance string `toml:"tolerance"` // Short: how far a number may lie from the key, "0.05" or "2%"; empty: words are compared
}

// MaxThemes is the most themes that an item may have: one digit key chooses each.
const MaxThemes = 8

// Option is one of the answers, or of the themes, to choose from.
type Option struct {
	ID   string `toml:"id"`
	Text Text   `toml:"text"`
}

var (
	itemID     = regexp.MustCompile(`^[A-Za-z0-9-]{1,16}$`)
	mediumFile = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)
	sha256Hex  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Pair is how Response.Options and Item.Key write that a Match item's option is put to a target.
func Pair(option, target string) string { return option + " " + target }

// ParsePaper reads a paper. Errors name the item and what is wrong with it.
func ParsePaper(data []byte) (*Paper, error) {
	p := new(Paper)
	if err := decodeStrict(data, p); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.digest = digest(data)
	return p, nil
}

func (p *Paper) check() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("paper: "+format, args...))
		}
	}
	p.media = make(map[string]*Medium)
	for i := range p.Media {
		m := &p.Media[i]
		for _, err := range m.check() {
			errs = append(errs, fmt.Errorf("paper: medium %q %w", m.ID, err))
		}
		bad(p.media[m.ID] == nil, "medium %q stands twice", m.ID)
		p.media[m.ID] = m
	}
	whole := func(t Text, what string) {
		for _, l := range p.Languages {
			bad(strings.TrimSpace(t[l]) != "", "%s has no text in %q", what, l)
			blocks, err := content.Parse(t[l])
			if err != nil {
				errs = append(errs, fmt.Errorf("paper: %s in %q: %w", what, l, err))
			}
			for _, id := range content.Media(blocks) {
				bad(p.media[id] != nil, "%s in %q shows the medium %q, which does not exist", what, l, id)
			}
		}
	}
	bad(p.Format == 1, "format is %d, this program reads format 1", p.Format)
	bad(profileID.MatchString(p.ID), "id %q is not [a-z0-9-]{1,32}", p.ID)
	bad(len(p.Languages) > 0, "languages is empty")
	whole(p.Title, "title")
	passages := make(map[string]bool)
	for _, s := range p.Passages {
		bad(!passages[s.ID], "passage %q stands twice", s.ID)
		passages[s.ID] = true
		whole(s.Text, fmt.Sprintf("passage %q", s.ID))
	}
	p.place = make(map[string]int)
	for b := range p.Blocks {
		block := &p.Blocks[b]
		whole(block.Title, fmt.Sprintf("block %q", block.ID))
		bad(len(block.Items) > 0, "block %q has no items", block.ID)
		for i := range block.Items {
			item := &block.Items[i]
			_, twice := p.place[item.ID]
			bad(!twice, "item %q stands twice", item.ID)
			bad(itemID.MatchString(item.ID), "item id %q is not [A-Za-z0-9-]{1,16}", item.ID)
			bad(item.Passage == "" || passages[item.Passage], "item %q names passage %q, which does not exist", item.ID, item.Passage)
			for _, err := range item.check() {
				errs = append(errs, fmt.Errorf("paper: item %q %w", item.ID, err))
			}
			whole(item.Text, fmt.Sprintf("item %q", item.ID))
			for _, o := range slices.Concat(item.Options, item.Targets) {
				whole(o.Text, fmt.Sprintf("option %q of item %q", o.ID, item.ID))
			}
			for _, o := range item.Themes {
				whole(o.Text, fmt.Sprintf("theme %q of item %q", o.ID, item.ID))
			}
			p.place[item.ID] = len(p.items)
			p.items = append(p.items, item)
		}
	}
	bad(len(p.items) > 0 && len(p.items) <= 1000, "the paper has %d items, not 1–1000", len(p.items))
	return errors.Join(errs...)
}

func (it *Item) check() (errs []error) {
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(it.Points >= 1 && it.Points <= 1000, "has %d points, not 1–1000", it.Points)
	bad(it.WordsMin >= 0 && (it.WordsMax == 0 || it.WordsMax >= it.WordsMin), "asks for %d to %d words", it.WordsMin, it.WordsMax)
	bad(it.Kind == Match || len(it.Targets) == 0 && !it.Reuse, "is %q and has targets", it.Kind)
	if err := it.checkMarking(); err != nil {
		errs = append(errs, err)
	}
	bad(it.Kind == Long || it.Kind == Essay || len(it.Themes) == 0, "is %q and has themes", it.Kind)
	set := func(options []Option, what string, most int) {
		bad(len(options) >= 2 && len(options) <= most, "has %d %ss, not 2–%d", len(options), what, most)
		for i, o := range options {
			bad(itemID.MatchString(o.ID), "has the %s id %q, which is not [A-Za-z0-9-]{1,16}", what, o.ID)
			bad(!slices.ContainsFunc(options[:i], func(p Option) bool { return p.ID == o.ID }), "has %s %q twice", what, o.ID)
		}
	}
	switch it.Kind {
	case Single, Multiple, Match, Order:
		set(it.Options, "option", 12)
		if it.Kind == Match {
			set(it.Targets, "target", 12)
			bad(it.Reuse || len(it.Targets) >= len(it.Options), "has %d targets for %d options, and none may be used twice", len(it.Targets), len(it.Options))
		}
		_, ok := it.normal(it.Key)
		bad(ok, "has the key %q, which nobody can answer", it.Key)
		bad(!ok || len(it.Key) == 0 || it.complete(it.Key), "has the key %q, which answers only a part of it", it.Key)
	case Short:
		bad(len(it.Options) == 0, "is %q and has options", it.Kind)
	case Long, Essay:
		bad(len(it.Options) == 0 && len(it.Key) == 0, "is %q and has options or a key", it.Kind)
		if len(it.Themes) > 0 {
			set(it.Themes, "theme", MaxThemes)
		}
	default:
		bad(false, "is of the unknown kind %q", it.Kind)
	}
	return errs
}

func (m *Medium) check() (errs []error) {
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(itemID.MatchString(m.ID), "has an id that is not [A-Za-z0-9-]{1,16}")
	bad(m.Kind == Picture || m.Kind == Sound, "is of the unknown kind %q", m.Kind)
	bad(mediumFile.MatchString(m.File), "has the file %q, which is no plain file name", m.File)
	bad(sha256Hex.MatchString(m.SHA256), "has no sha256 of 64 small hexadecimal digits")
	bad(m.Plays >= 0 && m.Plays <= 99 && (m.Kind == Sound || m.Plays == 0), "may be heard %d times", m.Plays)
	return errs
}

// normal returns what is marked in the one order in which a response keeps it, and whether the item can be answered so: the
// options in the paper's order (Single, Multiple), all of them in the candidate's order (Order), pairs in the options'
// order (Match). Nothing marked is always possible.
func (it *Item) normal(marked []string) (out []string, ok bool) {
	out = make([]string, 0, len(marked))
	switch it.Kind {
	case Single, Multiple:
		if it.Kind == Single && len(marked) > 1 {
			return nil, false
		}
		for _, o := range it.Options {
			if slices.Contains(marked, o.ID) {
				out = append(out, o.ID)
			}
		}
	case Order:
		out = append(out, marked...)
		for _, o := range it.Options {
			if len(marked) > 0 && !slices.Contains(marked, o.ID) {
				return nil, false
			}
		}
		if len(marked) > 0 && len(marked) != len(it.Options) {
			return nil, false
		}
	case Match:
		used := make(map[string]bool)
		for _, o := range it.Options {
			n := len(out)
			for _, t := range it.Targets {
				if pair := Pair(o.ID, t.ID); slices.Contains(marked, pair) {
					if used[t.ID] && !it.Reuse || len(out) > n {
						return nil, false
					}
					used[t.ID] = true
					out = append(out, pair)
				}
			}
		}
	default:
		return nil, false
	}
	return out, len(out) == len(marked)
}

// complete reports whether nothing is left to mark.
func (it *Item) complete(marked []string) bool {
	if it.Kind == Match {
		return len(marked) == len(it.Options)
	}
	return len(marked) > 0
}

// Theme returns the theme with the id and its place from 0, or nil and −1.
func (it *Item) Theme(id string) (*Option, int) {
	i := slices.IndexFunc(it.Themes, func(o Option) bool { return o.ID == id })
	if i < 0 {
		return nil, -1
	}
	return &it.Themes[i], i
}

// Answered reports whether the response answers the whole item: a mark, more than white space and, where there are themes to
// choose from, one of them, or, of a Match item, a target for each option (R16).
func (it *Item) Answered(r Response) bool {
	if it.Kind.IsText() {
		return strings.TrimSpace(r.Text) != "" && (len(it.Themes) == 0 || r.Theme != "")
	}
	return it.complete(r.Options)
}

// Digest returns the SHA-256 of the paper's file in hex; the attempt's log names it.
func (p *Paper) Digest() string { return p.digest }

// Items returns all items in their order.
func (p *Paper) Items() []*Item { return p.items }

// Item returns the item with the id and its place in Items.
func (p *Paper) Item(id string) (item *Item, place int, ok bool) {
	i, ok := p.place[id]
	if !ok {
		return nil, 0, false
	}
	return p.items[i], i, true
}

// Medium returns the medium with the id, or nil.
func (p *Paper) Medium(id string) *Medium { return p.media[id] }

// Content returns what a text of this paper shows in the exam language.
func (p *Paper) Content(t Text, lang string) []content.Block {
	blocks, err := content.Parse(t.In(lang))
	if err != nil {
		panic(err) // ParsePaper has read every text
	}
	return blocks
}

// Passage returns the text of the passage, or nil.
func (p *Paper) Passage(id string) Text {
	for _, s := range p.Passages {
		if s.ID == id {
			return s.Text
		}
	}
	return nil
}

// HasLanguage reports whether the whole paper exists in the exam language.
func (p *Paper) HasLanguage(lang string) bool { return slices.Contains(p.Languages, lang) }

// MachineMarked reports whether every item has a key.
func (p *Paper) MachineMarked() bool {
	return !slices.ContainsFunc(p.items, func(it *Item) bool { return len(it.Key) == 0 })
}

// Points marks responses as [Paper.Mark] does without a profile: the points reached and the points that the keyed items hold (R4).
func (p *Paper) Points(responses []Response) (points, most int) {
	m := p.Mark(nil, responses)
	return m.Points, m.Most
}

// Trim returns the bytes without a byte-order mark, which spreadsheet programs put before text files.
func Trim(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }
