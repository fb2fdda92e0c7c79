// Package tables holds the reference tables that a candidate may use: Mendeleev's periodic table and the solubility of acids,
// bases and salts in water (R13). They are data files beside the code; the program reads them at start.
package tables

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"emtihan/assets/locales"
)

//go:embed elements.toml
var elementsTOML string

// Category is the family of an element, as the colours of a school table show it.
type Category string

// The categories, in the order of a legend.
const (
	Alkali         Category = "alkali"
	AlkalineEarth  Category = "alkaline_earth"
	Transition     Category = "transition"
	PostTransition Category = "post_transition"
	Metalloid      Category = "metalloid"
	Nonmetal       Category = "nonmetal"
	Halogen        Category = "halogen"
	NobleGas       Category = "noble_gas"
	Lanthanide     Category = "lanthanide"
	Actinide       Category = "actinide"
)

// Categories lists the categories in the order of a legend.
func Categories() []Category {
	return []Category{
		Alkali, AlkalineEarth, Transition, PostTransition, Metalloid, Nonmetal, Halogen, NobleGas, Lanthanide, Actinide,
	}
}

// Element is a chemical element.
type Element struct {
	Number   int      `toml:"number"`   // atomic number, 1–118
	Symbol   string   `toml:"symbol"`   // one or two Latin letters
	Mass     string   `toml:"mass"`     // relative atomic mass, "15.999", or the mass number of an isotope, "[98]"
	Group    int      `toml:"group"`    // 1–18; 0 for the elements of the two rows below the table
	Period   int      `toml:"period"`   // 1–7
	Block    string   `toml:"block"`    // "s", "p", "d" or "f"
	Category Category `toml:"category"` // one of Categories
	names
}

// names is a name in the three interface languages.
type names struct {
	KK string `toml:"kk"`
	RU string `toml:"ru"`
	EN string `toml:"en"`
}

// Name returns the name in language l, in English for a language that is not one of the three.
func (n names) Name(l locales.Lang) string {
	switch l {
	case locales.Kazakh:
		return n.KK
	case locales.Russian:
		return n.RU
	default:
		return n.EN
	}
}

func (n names) complete() bool {
	return strings.TrimSpace(n.KK) != "" && strings.TrimSpace(n.RU) != "" && strings.TrimSpace(n.EN) != ""
}

// The size of the long form with the lanthanides and actinides below: rows 1–7 are the periods, 8 and 9 the two series.
const (
	Rows    = 9
	Columns = 18
)

// The first elements of the two series below the table; each has 15 elements and stands in columns 3–17.
const (
	firstLanthanide = 57
	firstActinide   = 89
	seriesLength    = 15
)

// Cell returns the place of the element in the long form: row 1–9, column 1–18.
func (e Element) Cell() (row, column int) {
	switch {
	case e.Number >= firstLanthanide && e.Number < firstLanthanide+seriesLength:
		return 8, e.Number - firstLanthanide + 3
	case e.Number >= firstActinide && e.Number < firstActinide+seriesLength:
		return 9, e.Number - firstActinide + 3
	}
	return e.Period, e.Group
}

// MassValue returns the relative atomic mass, or the mass number where the table prints one in brackets.
func (e Element) MassValue() float64 {
	v, err := strconv.ParseFloat(strings.Trim(e.Mass, "[]"), 64)
	if err != nil {
		return 0
	}
	return v
}

var loadElements = sync.OnceValue(func() []Element {
	es, err := parseElements(elementsTOML)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return es
})

// Elements returns the 118 elements by atomic number.
func Elements() []Element { return slices.Clone(loadElements()) }

// parseElements reads and checks a file of elements. The error says which entry is wrong and how.
func parseElements(text string) ([]Element, error) {
	var file struct {
		Element []Element `toml:"element"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return nil, fmt.Errorf("elements: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("elements: unknown key %q", extra[0])
	}
	if len(file.Element) == 0 {
		return nil, fmt.Errorf("elements: no element")
	}
	seen := make(map[[2]int]int)
	for i, e := range file.Element {
		if e.Number != i+1 {
			return nil, fmt.Errorf("elements: entry %d has the number %d", i+1, e.Number)
		}
		row, col := e.Cell()
		switch {
		case len(e.Symbol) < 1 || len(e.Symbol) > 2:
			err = fmt.Errorf("the symbol %q", e.Symbol)
		case strings.Trim(e.Mass, "[]0123456789.") != "" || e.MassValue() <= 0 || e.MassValue() > 999:
			err = fmt.Errorf("the mass %q", e.Mass)
		case e.Period < 1 || e.Period > 7 || e.Group < 0 || e.Group > Columns || col < 1:
			err = fmt.Errorf("period %d, group %d", e.Period, e.Group)
		case !strings.Contains("spdf", e.Block) || len(e.Block) != 1:
			err = fmt.Errorf("the block %q", e.Block)
		case !slices.Contains(Categories(), e.Category):
			err = fmt.Errorf("the category %q", e.Category)
		case !e.complete():
			err = fmt.Errorf("no name in one of the languages")
		case seen[[2]int{row, col}] != 0:
			err = fmt.Errorf("the place of element %d", seen[[2]int{row, col}])
		}
		if err != nil {
			return nil, fmt.Errorf("elements: element %d has %w", e.Number, err)
		}
		seen[[2]int{row, col}] = e.Number
	}
	return file.Element, nil
}
