// Package forms embeds the templates of the acts and the lists that they refer to.
//
// The verbatim forms of the Rules' appendices are not public, so each template is a draft that says so on every page that
// is printed from it. A centre that has the official text puts a file of the same name into its data folder; it then
// takes the place of the one here (R18).
package forms

import "embed"

// Files holds lists.toml, form-N.toml for every act form, and sheet-N.toml for every printed list.
//
//go:embed *.toml
var Files embed.FS
