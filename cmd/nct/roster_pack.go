package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"emtihan/exam"
	"emtihan/exam/roster"
	"emtihan/exam/vault"

	"github.com/BurntSushi/toml"
)

type rosterPackCmd struct {
	Session   string   `arg:"" help:"Session with its candidates (see build); their photos lie beside it." type:"path"`
	Out       string   `short:"o" required:"" help:"File for the list, .emroster; it must not exist." placeholder:"FILE" type:"path"`
	Base      string   `required:"" help:"File for the session that names the list and has no candidates; it must not exist." placeholder:"FILE" type:"path"`
	Sign      string   `required:"" help:"NCT's signing key (see package keygen)." placeholder:"KEY" type:"path"`
	Recipient []string `required:"" help:"Public key of the centre (see keygen). Can be repeated." placeholder:"AGE1…" sep:"none"`
	From      string   `required:"" help:"From when it is valid." placeholder:"TIME"`
	Until     string   `required:"" help:"Until when it is valid." placeholder:"TIME"`
}

// Run signs and encrypts the candidates of a session.
func (c *rosterPackCmd) Run(e *env) error {
	from, err := e.moment("--from", c.From, false)
	if err != nil {
		return err
	}
	until, err := e.moment("--until", c.Until, true)
	if err != nil {
		return err
	}
	if err := vault.CheckRecipients(c.Recipient); err != nil {
		return usageError{fmt.Errorf("--recipient: %w", err)}
	}
	key, err := signingKey(c.Sign)
	if err != nil {
		return err
	}
	data, err := readLimited(c.Session, 8<<20)
	if err != nil {
		return err
	}
	s, err := exam.ParseSession(data)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", c.Session, err)}
	}
	photos := make(map[string][]byte)
	for _, p := range s.Candidates {
		if _, there := photos[p.Photo]; there {
			continue
		}
		if !filepath.IsLocal(p.Photo) {
			return usageError{fmt.Errorf("the photo %q lies outside the session's folder", p.Photo)}
		}
		if photos[p.Photo], err = readLimited(filepath.Join(filepath.Dir(c.Session), p.Photo), 16<<20); err != nil {
			return err
		}
	}
	base, err := baseSession(data, c, key)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	o, err := roster.Pack(&packed, s, photos, roster.PackOptions{From: from, Until: until, Made: e.now(), Key: key, Recipients: c.Recipient})
	if err != nil {
		return usageError{err}
	}
	if err := writeNew("--out", c.Out, 0o600, packed.Bytes()); err != nil {
		return err
	}
	if err := writeNew("--base", c.Base, 0o600, base); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	fmt.Fprintln(e.out, e.say("roster.packed", "Candidates", o.Candidates, "Photos", o.Photos, "Session", o.Session, "File", c.Out,
		"From", e.clock(o.From), "Until", e.clock(o.Until), "Base", c.Base))
	return nil
}

// baseSession returns the session's file with the list's name in place of the candidates.
func baseSession(data []byte, c *rosterPackCmd, key vault.Key) ([]byte, error) {
	var all map[string]any
	if _, err := toml.Decode(string(exam.Trim(data)), &all); err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", c.Session, err)}
	}
	name, err := filepath.Rel(filepath.Dir(c.Base), c.Out)
	if err != nil || !filepath.IsLocal(name) {
		return nil, usageError{errors.New("--base: the list must lie in the session's folder or below it")}
	}
	delete(all, "candidates")
	all["roster"] = filepath.ToSlash(name)
	signers := []string{key.Public().String()}
	if list, ok := all["nct_signers"].([]any); ok {
		for _, x := range list {
			if s, ok := x.(string); ok && s != signers[0] {
				signers = append(signers, s)
			}
		}
	}
	all["nct_signers"] = signers
	var out bytes.Buffer
	enc := toml.NewEncoder(&out)
	enc.Indent = ""
	if err := enc.Encode(all); err != nil {
		return nil, err
	}
	if _, err := exam.ParseSession(out.Bytes()); err != nil {
		return nil, usageError{err}
	}
	return out.Bytes(), nil
}

type rosterVerifyCmd struct {
	File     string   `arg:"" help:"Packed list of candidates (.emroster)." type:"path"`
	Signer   []string `required:"" help:"File with NCT's public keys, one a line. Can be repeated." placeholder:"FILE" sep:"none"`
	Identity string   `help:"The centre's identity file: opens the list too." placeholder:"FILE" type:"path"`
	At       string   `help:"Time by which it must be valid; as a rule now. Before its time it is no fault." placeholder:"TIME"`
}

// Run verifies a packed list.
func (c *rosterVerifyCmd) Run(e *env) error {
	keys, err := loadKeysOf("--signer", c.Signer)
	if err != nil {
		return err
	}
	at := e.now()
	if c.At != "" {
		if at, err = e.moment("--at", c.At, false); err != nil {
			return err
		}
	}
	data, err := readLimited(c.File, 513<<20)
	if err != nil {
		return err
	}
	o, _, err := roster.InspectPack(bytes.NewReader(data), keys)
	if err == nil {
		if err = o.At(at); roster.PackErrorCode(err) == roster.PackNotYet {
			err = nil
		}
	}
	if err == nil && c.Identity != "" {
		identity, rerr := readLimited(c.Identity, 1<<16)
		if rerr != nil {
			return rerr
		}
		p, oerr := roster.OpenPack(bytes.NewReader(data), "", keys, o.From, identity)
		if err = oerr; err == nil {
			s := &exam.Session{}
			_, err = s.WithCandidates(p.Candidates)
		}
	}
	if code := roster.PackErrorCode(err); code != "" {
		fmt.Fprintln(e.err, e.say("roster.pack-refused", "File", c.File, "Why", e.say("roster-why."+string(code)), "Detail", clean(err.Error())))
		return exitError(exitNotWhole)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(e.out, e.say("roster.pack-whole", "File", c.File, "Fingerprint", o.Key.Fingerprint(), "Session", o.Session, "Room", clean(o.Room),
		"Candidates", o.Candidates, "Photos", o.Photos, "From", e.clock(o.From), "Until", e.clock(o.Until)))
	return nil
}
