package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"emtihan/exam/vault"
)

type keygenCmd struct {
	Out           string `xor:"what" required:"" help:"File for NCT's secret key; it must not exist. Keep it at NCT, and a copy in a safe: without it the logs cannot be read." placeholder:"FILE" type:"path"`
	StationSecret bool   `xor:"what" required:"" help:"Instead, print a new secret for one station, to be piped into systemd-creds encrypt: it never lies on the disk."`
}

// Run makes an identity, readable by its owner only, and prints its recipient; or prints a station's secret and keeps nothing.
func (c *keygenCmd) Run(e *env) error {
	if c.StationSecret {
		fmt.Fprintln(e.err, e.say("keygen-secret"))
		_, err := fmt.Fprintln(e.out, vault.GenerateSecret())
		return err
	}
	file, recipient, err := vault.GenerateIdentity()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("--out: %s exists; a secret key is never overwritten", c.Out)}
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(file)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = syncDir(filepath.Dir(c.Out))
	}
	if err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	fmt.Fprintln(e.err, e.say("keygen", "File", c.Out))
	fmt.Fprintln(e.out, recipient)
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
