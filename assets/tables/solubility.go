package tables

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
)

//go:embed solubility.toml
var solubilityTOML string

// Solubility is what becomes of a substance in water at room temperature. It is the same in all languages; the screen writes
// the letter of the language.
type Solubility byte

// The degrees of solubility.
const (
	Soluble   Solubility = 's' // more than 1 g in 100 g of water
	Slightly  Solubility = 'm' // 0.1 to 1 g in 100 g of water
	Insoluble Solubility = 'i' // less than 0.1 g in 100 g of water
	Unstable  Solubility = 'x' // decomposes in water or does not exist
	Water     Solubility = 'w' // H⁺ with OH⁻: water itself
)

// Solubilities lists the degrees that a legend explains.
func Solubilities() []Solubility { return []Solubility{Soluble, Slightly, Insoluble, Unstable} }

// Ion is a cation or an anion.
type Ion struct {
	Formula string `toml:"formula"` // plain: "SO4", "NH4", "CH3COO"
	Charge  int    `toml:"charge"`  // 1…3 or -1…-3
	names
}

// Symbol writes the ion with sub- and superscripts: "SO₄²⁻", "NH₄⁺", "Na⁺".
func (i Ion) Symbol() string {
	sign, n := "⁺", i.Charge
	if n < 0 {
		sign, n = "⁻", -n
	}
	if n == 1 {
		return subscript(i.Formula) + sign
	}
	return subscript(i.Formula) + strings.NewReplacer("2", "²", "3", "³").Replace(strconv.Itoa(n)) + sign
}

func subscript(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '₀' + r - '0'
		}
		return r
	}, s)
}

// polyatomic reports whether the ion has several atoms, so that a count needs parentheses round it.
func (i Ion) polyatomic() bool {
	return len(i.Formula) > 2 || len(i.Formula) == 2 && (i.Formula[1] < 'a' || i.Formula[1] > 'z')
}

// Substance writes the formula of what the two ions make: "BaSO₄", "Al(OH)₃", "(NH₄)₂SO₄", "H₂O" for water and, with the acid
// residue first as chemists write acetates, "CH₃COOH", "(CH₃COO)₂Ca".
func Substance(cation, anion Ion) string {
	c, a := cation.Charge, -anion.Charge
	g := gcd(c, a)
	cations, anions := part(cation, a/g), part(anion, c/g)
	switch {
	case cation.Formula == "H" && anion.Formula == "OH":
		return "H₂O"
	case anion.Formula == "CH3COO":
		return anions + cations
	}
	return cations + anions
}

func part(i Ion, n int) string {
	switch s := subscript(i.Formula); {
	case n == 1:
		return s
	case i.polyatomic():
		return "(" + s + ")" + subscript(strconv.Itoa(n))
	default:
		return s + subscript(strconv.Itoa(n))
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

type solubilityTable struct {
	cations, anions []Ion
	grid            [][]Solubility // by anion, then by cation
}

var loadSolubility = sync.OnceValue(func() solubilityTable {
	t, err := parseSolubility(solubilityTOML)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return t
})

// Cations returns the columns of the solubility table.
func Cations() []Ion { return slices.Clone(loadSolubility().cations) }

// Anions returns the rows of the solubility table.
func Anions() []Ion { return slices.Clone(loadSolubility().anions) }

// InWater returns the solubility of what the cation and the anion of these indices in Cations and Anions make. It panics where
// there is no such cell.
func InWater(cation, anion int) Solubility { return loadSolubility().grid[anion][cation] }

// parseSolubility reads and checks a solubility table. The error says which entry is wrong and how.
func parseSolubility(text string) (solubilityTable, error) {
	var file struct {
		Cation []Ion `toml:"cation"`
		Anion  []struct {
			Ion
			Water string `toml:"water"`
		} `toml:"anion"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return solubilityTable{}, fmt.Errorf("solubility: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return solubilityTable{}, fmt.Errorf("solubility: unknown key %q", extra[0])
	}
	if len(file.Cation) == 0 || len(file.Anion) == 0 {
		return solubilityTable{}, fmt.Errorf("solubility: no cation or no anion")
	}
	t := solubilityTable{cations: file.Cation}
	seen := make(map[string]bool)
	for _, c := range file.Cation {
		if err := checkIon(c, c.Charge, seen); err != nil {
			return solubilityTable{}, err
		}
	}
	for _, a := range file.Anion {
		if err := checkIon(a.Ion, -a.Charge, seen); err != nil {
			return solubilityTable{}, err
		}
		row := []Solubility(strings.ReplaceAll(a.Water, " ", ""))
		if len(row) != len(file.Cation) {
			return solubilityTable{}, fmt.Errorf("solubility: %s has %d letters for %d cations", a.Formula, len(row), len(file.Cation))
		}
		for i, s := range row {
			if s != Water && !slices.Contains(Solubilities(), s) {
				return solubilityTable{}, fmt.Errorf("solubility: %s has the letter %q in place %d", a.Formula, s, i+1)
			}
		}
		t.anions, t.grid = append(t.anions, a.Ion), append(t.grid, row)
	}
	return t, nil
}

func checkIon(i Ion, charge int, seen map[string]bool) error {
	switch {
	case i.Formula == "" || strings.Trim(i.Formula, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "":
		return fmt.Errorf("solubility: the formula %q", i.Formula)
	case charge < 1 || charge > 3:
		return fmt.Errorf("solubility: %s has the charge %d", i.Formula, i.Charge)
	case !i.complete():
		return fmt.Errorf("solubility: %s has no name in one of the languages", i.Formula)
	case seen[i.Symbol()]:
		return fmt.Errorf("solubility: %s stands twice", i.Symbol())
	}
	seen[i.Symbol()] = true
	return nil
}
