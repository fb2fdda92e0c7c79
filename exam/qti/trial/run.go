package trial

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
)

// Summary counts what trials of packages came to.
type Summary struct {
	Packages    int `json:"packages"`     // read
	Refused     int `json:"refused"`      //
	Items       int `json:"items"`        // in packages that were read
	Usable      int `json:"usable"`       // items without a blocking finding
	Supported   int `json:"supported"`    // items whose interactions can all be answered here and whose rules can all be run
	Marked      int `json:"marked"`       // items that their rules mark and that say what is right
	MarkedRight int `json:"marked_right"` // of these, marked so
	Crashes     int `json:"crashes"`      // panics; each is a defect of this program

	ByKind map[body.Kind]map[Verdict]int `json:"by_kind"`
}

// Report is what came of one unit.
type Report struct {
	Unit     qti.Unit
	Package  *qti.Package // nil: refused or crashed; closed when the report's reader returns
	Outcomes []Outcome    // one for each item
	Err      error        // of opening, or a crash
}

// Run opens everything under the folders (or files) and tries every item. Each report is handed to visit, which may be nil. The error
// is about folders that cannot be read.
func Run(roots []string, options qti.Options, visit func(Report)) (Summary, error) {
	sum := Summary{ByKind: make(map[body.Kind]map[Verdict]int)}
	for _, root := range roots {
		units, err := qti.Discover(filepath.Clean(root))
		if err != nil {
			return sum, fmt.Errorf("trial: %w", err)
		}
		for _, u := range units {
			sum.unit(u, options, visit)
		}
	}
	return sum, nil
}

func (sum *Summary) unit(u qti.Unit, options qti.Options, visit func(Report)) {
	report := Report{Unit: u}
	crashed := guard(func() { report.Package, report.Err = u.Open(options) })
	switch {
	case crashed != nil:
		sum.Crashes++
		report.Err = crashed
	case report.Err != nil:
		sum.Refused++
	default:
		sum.Packages++
		for _, it := range report.Package.Items {
			report.Outcomes = append(report.Outcomes, sum.item(it))
		}
	}
	if visit != nil {
		visit(report)
	}
	if report.Package != nil {
		_ = report.Package.Close() // only read from
	}
}

func (sum *Summary) item(it *qti.Item) Outcome {
	var o Outcome
	if crashed := guard(func() { o = Item(it) }); crashed != nil {
		sum.Crashes++
		o = Outcome{Item: it, Verdict: Failed, Reason: crashed.Error()}
	}
	sum.Items++
	if it.Usable() {
		sum.Usable++
	}
	if Supported(it) {
		sum.Supported++
	}
	switch o.Verdict {
	case Right:
		sum.Marked++
		sum.MarkedRight++
	case Wrong, Failed:
		sum.Marked++
	case ByHand, NoKey, NotMarked:
	}
	for _, in := range it.Interactions {
		if sum.ByKind[in.Kind] == nil {
			sum.ByKind[in.Kind] = make(map[Verdict]int)
		}
		sum.ByKind[in.Kind][o.Verdict]++
	}
	return o
}

// Supported reports whether every interaction of the item can be answered here and all its rules can be run. Pictures that are missing
// do not count here.
func Supported(it *qti.Item) bool { return len(Obstacles(it)) == 0 }

// Obstacles says why an item is not supported.
func Obstacles(it *qti.Item) (why []string) {
	for _, in := range it.Interactions {
		if s := fmt.Sprintf("a %s interaction", in.Kind); !in.Kind.Answerable() && !slices.Contains(why, s) {
			why = append(why, s)
		}
	}
	return append(append(why, it.Processing.Faults()...), it.Template.Faults()...)
}

func guard(do func()) (crashed error) {
	defer func() {
		if r := recover(); r != nil {
			crashed = fmt.Errorf("crash: %v\n%s", r, debug.Stack())
		}
	}()
	do()
	return nil
}
