package exam

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
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
)

// IsText reports whether the item is answered in the candidate's own words.
func (k ItemKind) IsText() bool { return k == Short || k == Long || k == Essay }

// Paper is what is asked: blocks of items, in the exam languages in which it exists.
type Paper struct {
	Format    int       `toml:"format"`    // 1
	ID        string    `toml:"id"`        // [a-z0-9-]{1,32}
	Languages []string  `toml:"languages"` // each text of the paper exists in each of them
	Title     Text      `toml:"title"`
	Passages  []Passage `toml:"passages"`
	Blocks    []Block   `toml:"blocks"`

	digest string
	items  []*Item
	place  map[string]int
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
	Key      []string `toml:"key"`       // right options, or accepted short answers; empty: a person marks the item
	Text     Text     `toml:"text"`
	Options  []Option `toml:"options"`
}

// Option is one of the answers to choose from.
type Option struct {
	ID   string `toml:"id"`
	Text Text   `toml:"text"`
}

var itemID = regexp.MustCompile(`^[A-Za-z0-9-]{1,16}$`)

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
	whole := func(t Text, what string) {
		for _, l := range p.Languages {
			bad(strings.TrimSpace(t[l]) != "", "%s has no text in %q", what, l)
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
			for _, o := range item.Options {
				whole(o.Text, fmt.Sprintf("option %q of item %q", o.ID, item.ID))
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
	switch it.Kind {
	case Single, Multiple:
		bad(len(it.Options) >= 2 && len(it.Options) <= 12, "has %d options, not 2–12", len(it.Options))
		for i, o := range it.Options {
			bad(itemID.MatchString(o.ID), "has an option with the id %q", o.ID)
			bad(!slices.ContainsFunc(it.Options[:i], func(p Option) bool { return p.ID == o.ID }), "has option %q twice", o.ID)
		}
		for i, k := range it.Key {
			bad(it.option(k), "has the key %q, which is no option", k)
			bad(!slices.Contains(it.Key[:i], k), "has the key %q twice", k)
		}
		bad(it.Kind == Multiple || len(it.Key) <= 1, "takes one option but has %d keys", len(it.Key))
	case Short:
		bad(len(it.Options) == 0, "is %q and has options", it.Kind)
	case Long, Essay:
		bad(len(it.Options) == 0 && len(it.Key) == 0, "is %q and has options or a key", it.Kind)
	default:
		bad(false, "is of the unknown kind %q", it.Kind)
	}
	return errs
}

func (it *Item) option(id string) bool {
	return slices.ContainsFunc(it.Options, func(o Option) bool { return o.ID == id })
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

// Points marks responses by the items' keys (R4; 2/1/0 marking of КТ is not part of this format): the points reached and
// the points that the keyed items hold. Short answers are compared without regard to case and outer space.
func (p *Paper) Points(responses []Response) (points, most int) {
	for i, it := range p.items {
		if len(it.Key) == 0 {
			continue
		}
		most += it.Points
		if i < len(responses) && it.right(responses[i]) {
			points += it.Points
		}
	}
	return points, most
}

func (it *Item) right(r Response) bool {
	if it.Kind == Short {
		given := strings.ToLower(strings.TrimSpace(r.Text))
		return slices.ContainsFunc(it.Key, func(k string) bool { return strings.ToLower(strings.TrimSpace(k)) == given })
	}
	key := slices.Sorted(slices.Values(it.Key))
	return slices.Equal(key, slices.Sorted(slices.Values(r.Options)))
}

// Trim returns the bytes without a byte-order mark, which spreadsheet programs put before text files.
func Trim(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }
