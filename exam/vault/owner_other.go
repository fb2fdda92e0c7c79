//go:build !unix

package vault

import "io/fs"

// checkFileInfo finds nothing to check: the system tells owner and rights in no way that the mode would show. Stations run on
// Unix; elsewhere only verification does, which needs no secret.
func checkFileInfo(fs.FileInfo, place) error { return nil }
