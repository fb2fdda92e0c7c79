// Package roster reads the list of candidates that somebody has prepared in a spreadsheet program, says cell by cell what is wrong with
// it, and writes it as the candidates of a session (R2, R8, R9).
//
// # Nothing is repaired in silence
//
// A spreadsheet program takes the zero away from an IIN that begins with one, makes dates of numbers and copies names with letters that
// only look right. Where the right value can be guessed, a [Finding] proposes it; the person who made the list changes it there. What the
// IIN says about birth date and sex only warns, as R9 has it.
//
// # The table
//
// One header row, then a row for each candidate. The columns are found by their names, in Kazakh, Russian or English, in any order; see
// [Fields]. Columns that are not known are left out and said. The first visible sheet of a workbook counts, or a CSV file; see package
// table for what is refused as a whole.
package roster
