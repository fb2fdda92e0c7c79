package tables

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"emtihan/assets/locales"
)

// R13: Mendeleev's table is complete.
func TestElements(t *testing.T) {
	es := Elements()
	if len(es) != 118 {
		t.Fatalf("%d elements, want 118", len(es))
	}
	symbols := make(map[string]int)
	cells := make(map[[2]int]int)
	for i, e := range es {
		if e.Number != i+1 {
			t.Errorf("element %d has the number %d", i+1, e.Number)
		}
		if n := symbols[e.Symbol]; n != 0 {
			t.Errorf("elements %d and %d are both %s", n, e.Number, e.Symbol)
		}
		symbols[e.Symbol] = e.Number
		row, col := e.Cell()
		if row < 1 || row > Rows || col < 1 || col > Columns {
			t.Errorf("%s stands in row %d, column %d", e.Symbol, row, col)
		}
		if n := cells[[2]int{row, col}]; n != 0 {
			t.Errorf("elements %d and %d stand in row %d, column %d", n, e.Number, row, col)
		}
		cells[[2]int{row, col}] = e.Number
	}
	// The outline of the long form: how many elements stand in each row, and where each row begins and ends.
	want := [Rows + 1]string{
		1: "2 H He", 2: "8 Li Ne", 3: "8 Na Ar", 4: "18 K Kr", 5: "18 Rb Xe", 6: "17 Cs Rn", 7: "17 Fr Og", 8: "15 La Lu", 9: "15 Ac Lr",
	}
	for row := 1; row <= Rows; row++ {
		var in []string
		for col := 1; col <= Columns; col++ {
			if n := cells[[2]int{row, col}]; n != 0 {
				in = append(in, es[n-1].Symbol)
			}
		}
		if got := fmt.Sprint(len(in), " ", in[0], " ", in[len(in)-1]); got != want[row] {
			t.Errorf("row %d: %s, want %s", row, got, want[row])
		}
	}
}

func TestElementPlaces(t *testing.T) {
	for _, c := range []struct {
		symbol        string
		row, col      int
		group, period int
		block         string
		category      Category
	}{
		{"H", 1, 1, 1, 1, "s", Nonmetal},
		{"He", 1, 18, 18, 1, "s", NobleGas},
		{"B", 2, 13, 13, 2, "p", Metalloid},
		{"Al", 3, 13, 13, 3, "p", PostTransition},
		{"Sc", 4, 3, 3, 4, "d", Transition},
		{"Fe", 4, 8, 8, 4, "d", Transition},
		{"Zn", 4, 12, 12, 4, "d", Transition},
		{"I", 5, 17, 17, 5, "p", Halogen},
		{"Ba", 6, 2, 2, 6, "s", AlkalineEarth},
		{"La", 8, 3, 0, 6, "f", Lanthanide},
		{"Lu", 8, 17, 0, 6, "d", Lanthanide},
		{"Hf", 6, 4, 4, 6, "d", Transition},
		{"Pb", 6, 14, 14, 6, "p", PostTransition},
		{"Fr", 7, 1, 1, 7, "s", Alkali},
		{"U", 9, 6, 0, 7, "f", Actinide},
		{"Rf", 7, 4, 4, 7, "d", Transition},
		{"Og", 7, 18, 18, 7, "p", NobleGas},
	} {
		e := bySymbol(t, c.symbol)
		row, col := e.Cell()
		if row != c.row || col != c.col || e.Group != c.group || e.Period != c.period || e.Block != c.block || e.Category != c.category {
			t.Errorf("%s: row %d, column %d, %+v, want %+v", c.symbol, row, col, e, c)
		}
	}
}

func bySymbol(t *testing.T, symbol string) Element {
	t.Helper()
	for _, e := range Elements() {
		if e.Symbol == symbol {
			return e
		}
	}
	t.Fatalf("no element %s", symbol)
	return Element{}
}

// R13: masses grow with the number but for the pairs that every chemist knows and some of the short-lived elements.
func TestMassesAscend(t *testing.T) {
	descents := map[string]bool{
		"Ar>K": true, "Co>Ni": true, "Te>I": true,
		"Th>Pa": true, "U>Np": true, "Pu>Am": true, "Bh>Hs": true,
	}
	es := Elements()
	for i := 1; i < len(es); i++ {
		pair := es[i-1].Symbol + ">" + es[i].Symbol
		if down := es[i-1].MassValue() > es[i].MassValue(); down != descents[pair] {
			t.Errorf("%s %s, %s %s", es[i-1].Symbol, es[i-1].Mass, es[i].Symbol, es[i].Mass)
		}
	}
}

func TestMasses(t *testing.T) {
	for symbol, want := range map[string]string{
		"H": "1.008", "C": "12.011", "N": "14.007", "O": "15.999", "Na": "22.990", "S": "32.06", "Cl": "35.45", "Ca": "40.078",
		"Fe": "55.845", "Cu": "63.546", "Zn": "65.38", "Ag": "107.87", "I": "126.90", "Ba": "137.33", "Au": "196.97",
		"Hg": "200.59", "Pb": "207.2", "Tc": "[98]", "U": "238.03", "Og": "[294]",
	} {
		if got := bySymbol(t, symbol).Mass; got != want {
			t.Errorf("%s: %s, want %s", symbol, got, want)
		}
	}
	for _, e := range Elements() {
		// Elements without stable isotopes have a mass number; bismuth, thorium, protactinium and uranium occur in nature with
		// a composition of their own.
		radioactive := e.Number == 43 || e.Number == 61 || e.Number >= 84 && e.Symbol != "Th" && e.Symbol != "Pa" && e.Symbol != "U"
		if got := strings.HasPrefix(e.Mass, "["); got != radioactive || got != strings.HasSuffix(e.Mass, "]") {
			t.Errorf("%s has the mass %s", e.Symbol, e.Mass)
		}
	}
}

// R13: names in the languages of the interface.
func TestElementNames(t *testing.T) {
	for symbol, want := range map[string][3]string{
		"H": {"Сутегі", "Водород", "Hydrogen"}, "C": {"Көміртегі", "Углерод", "Carbon"}, "O": {"Оттегі", "Кислород", "Oxygen"},
		"S": {"Күкірт", "Сера", "Sulfur"}, "Fe": {"Темір", "Железо", "Iron"}, "Cu": {"Мыс", "Медь", "Copper"},
		"Zn": {"Мырыш", "Цинк", "Zinc"}, "As": {"Күшән", "Мышьяк", "Arsenic"}, "Ag": {"Күміс", "Серебро", "Silver"},
		"Sn": {"Қалайы", "Олово", "Tin"}, "Sb": {"Сүрме", "Сурьма", "Antimony"}, "I": {"Йод", "Иод", "Iodine"},
		"Au": {"Алтын", "Золото", "Gold"}, "Hg": {"Сынап", "Ртуть", "Mercury"}, "Pb": {"Қорғасын", "Свинец", "Lead"},
		"W": {"Вольфрам", "Вольфрам", "Tungsten"}, "Og": {"Оганесон", "Оганесон", "Oganesson"},
	} {
		e := bySymbol(t, symbol)
		for i, l := range locales.All {
			if got := e.Name(l); got != want[i] {
				t.Errorf("%s in %s: %s, want %s", symbol, l, got, want[i])
			}
		}
	}
	for _, l := range locales.All {
		seen := make(map[string]string)
		for _, e := range Elements() {
			name := e.Name(l)
			if other := seen[name]; other != "" {
				t.Errorf("%s and %s are both %s in %s", other, e.Symbol, name, l)
			}
			seen[name] = e.Symbol
			checkAlphabet(t, l, name)
		}
	}
}

// checkAlphabet finds Latin letters that look like Cyrillic ones, and the reverse.
func checkAlphabet(t *testing.T, l locales.Lang, s string) {
	t.Helper()
	for _, r := range strings.NewReplacer("(II)", "", "(III)", "").Replace(s) {
		if unicode.IsLetter(r) && unicode.Is(unicode.Cyrillic, r) == (l == locales.English) {
			t.Errorf("%q in %s has the foreign letter %q", s, l, r)
		}
	}
}

// R13: the solubility table. The rules are those that every school teaches; the table must follow them cell by cell.
func TestSolubilityFollowsTheRules(t *testing.T) {
	cs, as := Cations(), Anions()
	if len(cs) != 22 || len(as) != 14 {
		t.Fatalf("%d cations, %d anions", len(cs), len(as))
	}
	for c, cation := range cs {
		for a, anion := range as {
			got, name := InWater(c, a), Substance(cation, anion)
			switch {
			case cation.Formula == "H" && anion.Formula == "OH":
				if got != Water {
					t.Errorf("%s: %c", name, got)
				}
			case got == Water:
				t.Errorf("%s counts as water", name)
			case cation.Formula == "Na" || cation.Formula == "K":
				if got != Soluble {
					t.Errorf("%s: %c, but all salts of sodium and potassium are soluble", name, got)
				}
			case anion.Formula == "NO3" && cation.Formula != "Sn":
				if got != Soluble {
					t.Errorf("%s: %c, but all nitrates are soluble", name, got)
				}
			case anion.Formula == "PO4" && cation.Formula != "H" && cation.Formula != "NH4":
				if got != Insoluble {
					t.Errorf("%s: %c, but phosphates are insoluble", name, got)
				}
			case anion.Formula == "CH3COO" && cation.Formula != "Al":
				if got != Soluble {
					t.Errorf("%s: %c, but acetates are soluble", name, got)
				}
			}
		}
	}
}

func TestSolubilityCells(t *testing.T) {
	want := map[string]Solubility{
		"HCl": Soluble, "H₂SO₄": Soluble, "H₂SiO₃": Insoluble, "CH₃COOH": Soluble, "H₂O": Water,
		"Ba(OH)₂": Soluble, "Ca(OH)₂": Slightly, "Mg(OH)₂": Insoluble, "Fe(OH)₃": Insoluble, "AgOH": Unstable, "NH₄OH": Soluble,
		"AgCl": Insoluble, "PbCl₂": Slightly, "HgCl₂": Soluble, "AgF": Soluble, "AgI": Insoluble, "CaF₂": Insoluble, "FeI₃": Unstable,
		"BaSO₄": Insoluble, "SrSO₄": Insoluble, "PbSO₄": Insoluble, "CaSO₄": Slightly, "Ag₂SO₄": Slightly, "CuSO₄": Soluble,
		"Al₂S₃": Unstable, "CuS": Insoluble, "FeS": Insoluble, "Na₂S": Soluble, "Al₂(CO₃)₃": Unstable, "CaCO₃": Insoluble,
		"Na₂SiO₃": Soluble, "Li₃PO₄": Insoluble, "(NH₄)₃PO₄": Soluble, "Ca₃(PO₄)₂": Insoluble, "BaCrO₄": Insoluble,
		"(CH₃COO)₂Ca": Soluble, "(CH₃COO)₃Fe": Soluble, "MgSO₃": Slightly, "Fe₂(SO₄)₃": Soluble,
	}
	for c, cation := range Cations() {
		for a, anion := range Anions() {
			name := Substance(cation, anion)
			if w, ok := want[name]; ok {
				if got := InWater(c, a); got != w {
					t.Errorf("%s: %c, want %c", name, got, w)
				}
				delete(want, name)
			}
		}
	}
	for name := range want {
		t.Errorf("no cell makes %s", name)
	}
}

func TestIonSymbols(t *testing.T) {
	var got []string
	for _, i := range append(Cations(), Anions()...) {
		got = append(got, i.Symbol())
		for _, l := range locales.All {
			checkAlphabet(t, l, i.Name(l))
		}
	}
	want := "H⁺ Li⁺ K⁺ Na⁺ NH₄⁺ Ba²⁺ Ca²⁺ Mg²⁺ Sr²⁺ Al³⁺ Cr³⁺ Fe²⁺ Fe³⁺ Ni²⁺ Co²⁺ Mn²⁺ Zn²⁺ Ag⁺ Hg²⁺ Pb²⁺ Sn²⁺ Cu²⁺ " +
		"OH⁻ NO₃⁻ F⁻ Cl⁻ Br⁻ I⁻ S²⁻ SO₃²⁻ SO₄²⁻ CO₃²⁻ SiO₃²⁻ PO₄³⁻ CrO₄²⁻ CH₃COO⁻"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// The tables are read-only: what one screen does to its copy no other sees.
func TestTablesAreCopies(t *testing.T) {
	Elements()[0].Symbol = "X"
	Cations()[0].Formula = "X"
	if Elements()[0].Symbol != "H" || Cations()[0].Formula != "H" {
		t.Error("a caller has changed the table")
	}
}

func TestDamagedFiles(t *testing.T) {
	if _, err := parseElements(elementsTOML); err != nil {
		t.Fatal(err)
	}
	if _, err := parseSolubility(solubilityTOML); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`number = 2,`, `number = 3,`, "entry 2 has the number 3"},
		{`symbol = "He"`, `symbol = ""`, "element 2"},
		{`mass = "4.0026"`, `mass = "four"`, "the mass"},
		{`mass = "4.0026"`, `mass = "NaN"`, "the mass"},
		{`group = 18, period = 1`, `group = 19, period = 1`, "group 19"},
		{`group = 18, period = 1`, `group = 1, period = 1`, "the place of element 1"},
		{`group = 2, period = 2`, `group = 0, period = 2`, "group 0"},
		{`block = "s"`, `block = "q"`, "the block"},
		{`category = "noble_gas"`, `category = "noble"`, "the category"},
		{`ru = "Гелий"`, `ru = " "`, "no name"},
		{`kk = "Гелий"`, `kz = "Гелий"`, "unknown key"},
		{`element = [`, `elements = [`, "unknown key"},
		{"\n]\n", "\n", "elements: toml"},
	} {
		_, err := parseElements(strings.Replace(elementsTOML, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("elements with %q: error %v, want one with %q", c.new, err, c.want)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{`water = "wssss`, `water = "wsss`, "21 letters for 22 cations"},
		{`water = "wssss`, `water = "wsssq`, "the letter 'q' in place 5"},
		{`formula = "Li"`, `formula = "H"`, "stands twice"},
		{`formula = "Li"`, `formula = "L i"`, "the formula"},
		{`formula = "Li", charge = 1`, `formula = "Li", charge = -1`, "the charge -1"},
		{`formula = "OH", charge = -1`, `formula = "OH", charge = 0`, "the charge 0"},
		{`ru = "литий"`, `ru = ""`, "no name"},
		{`ru = "литий"`, `de = "lithium"`, "unknown key"},
	} {
		_, err := parseSolubility(strings.Replace(solubilityTOML, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("solubility with %q: error %v, want one with %q", c.new, err, c.want)
		}
	}
}

// A damaged file gives an error or a table that can be shown; it never panics.
func FuzzTables(f *testing.F) {
	f.Add(elementsTOML[:2000])
	f.Add(`element = [{ number = 1, symbol = "H", mass = "1", group = 1, period = 1, block = "s", category = "alkali", kk = "a", ru = "b", en = "c" }]`)
	f.Add(solubilityTOML)
	f.Add(`cation = [{ formula = "H", charge = 1, kk = "a", ru = "b", en = "c" }]` + "\n" + `anion = [{ formula = "F", charge = -1, kk = "a", ru = "b", en = "c", water = "s" }]`)
	f.Fuzz(func(t *testing.T, text string) {
		if es, err := parseElements(text); err == nil {
			for _, e := range es {
				if row, col := e.Cell(); row < 1 || row > Rows || col < 1 || col > Columns {
					t.Fatalf("element %d stands in row %d, column %d", e.Number, row, col)
				}
			}
		}
		if table, err := parseSolubility(text); err == nil {
			for _, c := range table.cations {
				for _, a := range table.anions {
					if Substance(c, a) == "" {
						t.Fatalf("%v with %v makes nothing", c, a)
					}
				}
			}
		}
	})
}
