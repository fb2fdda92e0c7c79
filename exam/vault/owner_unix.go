//go:build unix

package vault

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkFileInfo holds the permissions of a file against what its place asks for. systemd gives credentials to a service either
// by its own user or by root with an access list, whose mask shows as the group's right to read; so only the data folder is held
// to the strict rule.
func checkFileInfo(fi fs.FileInfo, in place) error {
	forbidden := fs.FileMode(0o077)
	if in == inCredentials {
		forbidden = 0o027
	}
	if mode := fi.Mode().Perm(); mode&forbidden != 0 {
		return fmt.Errorf("%w: others may read or change it (mode %04o); what others could read must be replaced, otherwise chmod 600", ErrNotPrivate, mode)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if uid := os.Geteuid(); int(st.Uid) != uid && (in != inCredentials || st.Uid != 0) {
		return fmt.Errorf("%w: it belongs to user %d, and this program runs as user %d", ErrNotPrivate, st.Uid, uid)
	}
	return nil
}
