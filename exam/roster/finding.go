package roster

import (
	"fmt"
	"strings"
)

// Code says what a finding is about, one for each kind. Sentences about them are data of the program that shows them.
type Code string

// The codes of what must be changed before the list can be used.
const (
	NoHeader      Code = "no-header"      // the first row has no column for the IIN
	HeaderLower   Code = "header-lower"   // the header stands in the row Other, below other rows
	HeaderAgain   Code = "header-again"   // a second row of column names
	ColumnTwice   Code = "column-twice"   // also column Other
	ColumnMissing Code = "column-missing" // the field Value
	NoCandidates  Code = "no-candidates"  //
	RowHidden     Code = "row-hidden"     //
	IsFormula     Code = "formula"        //
	IsMerged      Code = "merged"         //
	IsFault       Code = "cell-fault"     // Value is the sign of the error
	IsDate        Code = "cell-date"      // a date was made of it
	IINMissing    Code = "iin-missing"    //
	IINZeroLost   Code = "iin-zero-lost"  // with a zero before it the check digit fits: Proposal
	IINSigns      Code = "iin-signs"      // other signs among the digits; without them: Proposal
	IINExponent   Code = "iin-exponent"   // 9.00101E+11: digits are gone for good
	IINLength     Code = "iin-length"     //
	IINDigits     Code = "iin-digits"     //
	IINCheck      Code = "iin-check"      //
	IINTwice      Code = "iin-twice"      // also in row Other
	NameMissing   Code = "name-missing"   //
	NameSigns     Code = "name-signs"     // digits, question marks and the like
	LangMissing   Code = "language-missing"
	LangUnknown   Code = "language-unknown"
	SeatMissing   Code = "seat-missing"
	SeatTwice     Code = "seat-twice"    // also in row Other
	PhotoMissing  Code = "photo-missing" // there is no file Value
	PhotoNone     Code = "photo-none"    // no file is named, and none has the IIN for its name
	PhotoOutside  Code = "photo-outside" // the name leads out of the folder
	PhotoTwice    Code = "photo-twice"   // also in row Other
	PhotoSame     Code = "photo-same"    // another file, the same picture as in row Other
	PhotoForm     Code = "photo-form"    // neither JPEG nor PNG, or its head cannot be read
	PhotoSize     Code = "photo-size"    // too small or too large; Value has the size
	ExtraNumber   Code = "extra-number"
	ExtraRange    Code = "extra-range"    // not 0 to Other
	ExtraDocument Code = "extra-document" // extra minutes without a document (R2)
	TruthUnknown  Code = "truth-unknown"  // neither yes nor no
)

// The codes of what only warns.
const (
	ColumnUnknown  Code = "column-unknown"
	ColumnAbsent   Code = "column-absent" // no column for the field Value
	IINBirthDate   Code = "iin-birth-date"
	IINSexDigit    Code = "iin-sex-digit"
	BirthDiffers   Code = "birth-differs"
	BirthForm      Code = "birth-form"
	SexDiffers     Code = "sex-differs"
	SexUnknown     Code = "sex-unknown"
	NameSex        Code = "name-sex"         // the patronymic is of the other sex than the IIN
	NameMixed      Code = "name-mixed"       // Latin and Cyrillic letters in one word
	PhotoByIIN     Code = "photo-by-iin"     // no file is named; Proposal has the IIN for its name and was taken
	PhotoCase      Code = "photo-case"       // the file is called Proposal, which was taken
	PhotoCut       Code = "photo-cut"        // the file does not end like a whole one
	PhotoUnused    Code = "photo-unused"     // files in the folder that nobody has; Value is how many
	FieldEmpty     Code = "field-empty"      // university or group of programmes
	DocumentAlone  Code = "document-alone"   // a document, and no extra minutes
	ReadAs1251     Code = "windows-1251"     // the file has no Kazakh letters
	OtherSheets    Code = "other-sheets"     // Value is the name of the one that was read
	HiddenSheets   Code = "hidden-sheets"    //
	FindingsLeft   Code = "findings-left"    // Value more are not listed
	FindingsLeftOK Code = "findings-left-ok" // the same, warnings only
)

var warnings = map[Code]bool{
	ColumnUnknown: true, ColumnAbsent: true, IINBirthDate: true, IINSexDigit: true, BirthDiffers: true, BirthForm: true, SexDiffers: true, SexUnknown: true, NameSex: true,
	NameMixed: true, PhotoByIIN: true, PhotoCase: true, PhotoCut: true, PhotoUnused: true, FieldEmpty: true, DocumentAlone: true, ReadAs1251: true, OtherSheets: true, HiddenSheets: true,
	FindingsLeftOK: true,
}

// Codes returns every code.
func Codes() []Code {
	out := []Code{
		NoHeader, HeaderLower, HeaderAgain, ColumnTwice, ColumnMissing, NoCandidates, RowHidden, IsFormula, IsMerged, IsFault, IsDate, IINMissing, IINZeroLost,
		IINSigns, IINExponent, IINLength, IINDigits, IINCheck, IINTwice, NameMissing, NameSigns, LangMissing, LangUnknown, SeatMissing, SeatTwice, PhotoMissing,
		PhotoNone, PhotoOutside, PhotoTwice, PhotoSame, PhotoForm, PhotoSize, ExtraNumber, ExtraRange, ExtraDocument, TruthUnknown,
		ColumnUnknown, ColumnAbsent, IINBirthDate, IINSexDigit, BirthDiffers, BirthForm, SexDiffers, SexUnknown, NameSex, NameMixed, PhotoByIIN, PhotoCase,
		PhotoCut, PhotoUnused, FieldEmpty, DocumentAlone, ReadAs1251, OtherSheets, HiddenSheets, FindingsLeft, FindingsLeftOK,
	}
	return out
}

// Warns reports whether a list with this finding can be used.
func (c Code) Warns() bool { return warnings[c] }

// Finding is something about a cell, a row or the list.
type Finding struct {
	Code     Code   `json:"code"`
	Warning  bool   `json:"warning"`
	Row      int    `json:"row,omitempty"`    // as the spreadsheet program shows it; 0: the list as a whole
	Column   string `json:"column,omitempty"` // as its header names it; empty: the row as a whole
	Value    string `json:"value,omitempty"`  // what stands there
	Other    string `json:"other,omitempty"`  // another row, column or bound
	Proposal string `json:"proposal,omitempty"`
}

// String says the finding for logs, with its code.
func (f Finding) String() string {
	var b strings.Builder
	if f.Row > 0 {
		fmt.Fprintf(&b, "row %d", f.Row)
		if f.Column != "" {
			fmt.Fprintf(&b, ", column %s", f.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(string(f.Code))
	if f.Value != "" {
		fmt.Fprintf(&b, " %q", f.Value)
	}
	if f.Other != "" {
		fmt.Fprintf(&b, " (%s)", f.Other)
	}
	if f.Proposal != "" {
		fmt.Fprintf(&b, ", proposed %q", f.Proposal)
	}
	return b.String()
}
