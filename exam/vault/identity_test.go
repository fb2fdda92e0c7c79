package vault_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"emtihan/exam/vault"
)

func newIdentity(t *testing.T) (id *vault.Identity, file, recipient string) {
	t.Helper()
	file, recipient, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	id, err = vault.ParseIdentity([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return id, file, recipient
}

func newX25519(t *testing.T) (file, recipient string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.String() + "\n", id.Recipient().String()
}

func parseIdentity(t *testing.T, file string) *vault.Identity {
	t.Helper()
	id, err := vault.ParseIdentity([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// R22, R27: NCT opens the logs of every station that names its recipient; nobody else does, and no wrap opens for another log.
func TestWrapForNCT(t *testing.T) {
	hybrid, _, hybridRecipient := newIdentity(t)
	xFile, xRecipient := newX25519(t)
	other, _, _ := newIdentity(t)
	for name, tt := range map[string]struct {
		id        *vault.Identity
		recipient string
	}{
		"hybrid": {hybrid, hybridRecipient},
		"X25519": {parseIdentity(t, xFile), xRecipient},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t, t.TempDir(), vault.Options{Recipients: []string{tt.recipient}})
			key, wraps, err := v.NewKey("A-1")
			if err != nil || len(wraps) != 2 || wraps[0].For != vault.ForStation || wraps[1].For != vault.ForAge {
				t.Fatalf("%v, %v", wraps, err)
			}
			for _, o := range []vault.Opener{tt.id, v, vault.Any(nil, other, tt.id), vault.Any((*vault.Vault)(nil), (*vault.Identity)(nil), v)} {
				if got, err := o.Unwrap("A-1", wraps); err != nil || got != key {
					t.Errorf("%T: %v", o, err)
				}
			}
			_, foreign, err := v.NewKey("A-2")
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []struct {
				name   string
				opener vault.Opener
				wraps  []vault.Wrap
				want   string
			}{
				{"another identity", other, wraps, "another recipient"},
				{"the wraps of another log", tt.id, foreign, "another log"},
				{"only the station's wrap", tt.id, wraps[:1], `wraps for "station"; the identity opens only wraps for "age"`},
				{"no identity", (*vault.Identity)(nil), wraps, "no identity"},
				{"an empty identity", &vault.Identity{}, wraps, "no identity"},
				{"cut off", tt.id, []vault.Wrap{{For: vault.ForAge, Data: wraps[1].Data[:len(wraps[1].Data)-1]}}, "damaged"},
				{"longer", tt.id, []vault.Wrap{{For: vault.ForAge, Data: append(bytes.Clone(wraps[1].Data), 0)}}, "damaged"},
				{"huge", tt.id, []vault.Wrap{{For: vault.ForAge, Data: make([]byte, 1<<20)}}, "1048576 bytes"},
				{"not age", tt.id, []vault.Wrap{{For: vault.ForAge, Data: wraps[0].Data}}, "damaged"},
				{"nobody", vault.Any(nil, nil), wraps, `wraps for "station", "age"; there is nothing`},
				{"any of two that do not", vault.Any(other, open(t, t.TempDir(), vault.Options{})), wraps, "another secret"},
			} {
				if got, err := bad.opener.Unwrap("A-1", bad.wraps); !errors.Is(err, vault.ErrNoKey) || !strings.Contains(err.Error(), bad.want) || got != (vault.DataKey{}) {
					t.Errorf("%s: %v, want %q", bad.name, err, bad.want)
				}
			}
		})
	}
}

// R27: an age file that somebody made for NCT's recipient is no wrap unless it says for which log and purpose.
func TestForeignAgeFile(t *testing.T) {
	file, recipient := newX25519(t)
	id := parseIdentity(t, file)
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	domain, key := "emtihan log key, age, 1\x00", strings.Repeat("k", 32)
	for plain, opens := range map[string]bool{
		domain + "A-1" + key:              true,
		domain + "A-" + key:               false,
		domain + "A-1" + key + "x":        false,
		domain + "A-1" + key[1:]:          false,
		strings.ToUpper(domain) + "A-1":   false,
		key:                               false,
		"":                                false,
		domain + strings.Repeat("A", 1e6): false,
	} {
		var out bytes.Buffer
		w, err := age.Encrypt(&out, to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(plain)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := id.Unwrap("A-1", []vault.Wrap{{For: vault.ForAge, Data: out.Bytes()}})
		if opens != (err == nil) || opens && string(got[:]) != key || !opens && !errors.Is(err, vault.ErrNoKey) {
			t.Errorf("%.60q: %v", plain, err)
		}
	}
}

// R27: NCT changes its key: for a time stations name both recipients, and one identity file holds both keys.
func TestChangeOfNCTsKey(t *testing.T) {
	oldID, oldFile, oldRecipient := newIdentity(t)
	newID, newFile, newRecipient := newIdentity(t)
	both := parseIdentity(t, oldFile+"\r\n\n"+newFile)
	dir := t.TempDir()
	opens := func(o vault.Opener, wraps []vault.Wrap) bool {
		_, err := o.Unwrap("A-1", wraps)
		return err == nil
	}
	for _, tt := range []struct {
		recipients   []string
		byOld, byNew bool
	}{
		{[]string{oldRecipient}, true, false},
		{[]string{oldRecipient, " " + newRecipient + "\n"}, true, true},
		{[]string{newRecipient}, false, true},
	} {
		v := open(t, dir, vault.Options{Recipients: tt.recipients})
		_, wraps, err := v.NewKey("A-1")
		if err != nil || len(wraps) != 2 {
			t.Fatalf("%d wraps, %v", len(wraps), err)
		}
		if got := []bool{opens(oldID, wraps), opens(newID, wraps), opens(both, wraps), opens(v, wraps)}; !slices.Equal(got, []bool{tt.byOld, tt.byNew, true, true}) {
			t.Errorf("%d recipients: %v", len(tt.recipients), got)
		}
	}
}

func TestCheckRecipients(t *testing.T) {
	_, file, hybrid := newIdentity(t)
	secret := strings.Split(file, "\n")[1]
	_, x := newX25519(t)
	var many []string
	for range 17 {
		_, r := newX25519(t)
		many = append(many, r)
	}
	for _, tt := range []struct {
		name string
		list []string
		want string
	}{
		{"none", nil, ""},
		{"X25519", []string{x}, ""},
		{"hybrid", []string{hybrid}, ""},
		{"sixteen", many[:16], ""},
		{"seventeen", many, "at most 16"},
		{"empty", []string{x, ""}, "recipient 2: not a usable recipient: it is empty"},
		{"a secret key", []string{secret}, "secret key"},
		{"a secret key in small letters", []string{strings.ToLower(secret)}, "secret key"},
		{"ssh", []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"}, "begins with age1"},
		{"mistyped", []string{x[:20] + "b" + x[21:]}, "mistyped"},
		{"cut off", []string{x[:40]}, "cut off"},
		{"hybrid cut off", []string{hybrid[:1000]}, "cut off"},
		{"a plugin's", []string{"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"}, "not supported"},
		{"a point that gives no secret", []string{"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"}, "nothing can be encrypted"},
		{"both sorts", []string{x, hybrid}, "cannot stand together"},
		{"both sorts the other way", []string{hybrid, x}, "cannot stand together"},
		{"twice", []string{x, x + " "}, "named twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := vault.CheckRecipients(tt.list)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, vault.ErrRecipient) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(strings.ToUpper(err.Error()), secret[:30]) {
				t.Errorf("the error shows the secret key: %v", err)
			}
			dir := t.TempDir()
			if _, err := vault.Open(dir, vault.Options{Recipients: tt.list, Credentials: "-"}); !errors.Is(err, vault.ErrRecipient) || len(names(t, dir)) != 0 {
				t.Errorf("Open: %v, %v", err, names(t, dir))
			}
		})
	}
}

func TestParseIdentity(t *testing.T) {
	_, file, recipient := newIdentity(t)
	if ids, err := age.ParseIdentities(strings.NewReader(file)); err != nil || len(ids) != 1 {
		t.Errorf("age itself does not read the file: %v", err)
	}
	xFile, _ := newX25519(t)
	secret := strings.Split(file, "\n")[1]
	for _, tt := range []struct{ name, file, want string }{
		{"one", file, ""},
		{"several", "# NCT\r\n\r\n  " + xFile + file, ""},
		{"empty", "", "no secret key"},
		{"only a comment", "# public key: " + recipient, "no secret key"},
		{"the public key", "\n" + recipient, "line 2"},
		{"cut off", file[:len(file)-9], "cut off"},
		{"mistyped", xFile[:30] + "B" + xFile[31:], "mistyped"},
		{"plugin", "AGE-PLUGIN-YUBIKEY-1QQQQ", "begins with AGE-SECRET-KEY"},
		{"with a passphrase", "age-encryption.org/v1\n-> scrypt x 18\n", "age -d"},
		{"with a passphrase, as text", "-----BEGIN AGE ENCRYPTED FILE-----\n", "age -d"},
		{"huge", strings.Repeat("#", 2<<20), "2097152 bytes"},
		{"a long line", strings.Repeat("x", 1<<19), "line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := vault.ParseIdentity([]byte(tt.file))
			if tt.want == "" {
				if err != nil || id == nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, vault.ErrIdentity) || !strings.Contains(err.Error(), tt.want) || id != nil {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), secret[30:50]) || strings.Contains(err.Error(), xFile[30:50])) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
}
