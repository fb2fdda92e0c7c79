package vault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"emtihan/exam/vault"
)

// secretLine is a secret that nobody uses: the bytes 1 to 32.
const secretLine = "EMTIHAN-STATION-SECRET-1+fb5bc2d5+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

func open(t *testing.T, dir string, opt vault.Options) *vault.Vault {
	t.Helper()
	if opt.Credentials == "" {
		opt.Credentials = "-"
	}
	v, err := vault.Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// R27: after a power cut the computer opens its own logs by what is on its disk, and another computer does not.
func TestWrapForStation(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir, vault.Options{})
	key, wraps, err := v.NewKey("A-1")
	if err != nil {
		t.Fatal(err)
	}
	if len(wraps) != 1 || wraps[0].For != vault.ForStation || len(wraps[0].Data) != 72 || key == (vault.DataKey{}) {
		t.Fatalf("%v, %v", wraps, key)
	}
	again, more, err := v.NewKey("A-1")
	if err != nil || again == key || slices.Equal(more[0].Data[:24], wraps[0].Data[:24]) {
		t.Errorf("key or nonce came twice, %v", err)
	}
	restarted := open(t, dir, vault.Options{})
	if got, err := restarted.Unwrap("A-1", wraps); err != nil || got != key {
		t.Errorf("after a restart: %v", err)
	}
	if restarted.Public() != v.Public() || restarted.Key().Public() != v.Public() || v.Signer().Name() != vault.KeyName || !v.Exposed() {
		t.Error("the restarted vault is another one")
	}
	if want := []string{vault.KeyFile, vault.PublicKeyFile, vault.SecretFile}; !slices.Equal(names(t, dir), want) {
		t.Errorf("the folder has %v", names(t, dir))
	}
	if fi, err := os.Stat(filepath.Join(dir, vault.SecretFile)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi, err)
	}
	var many []vault.Wrap
	for i := range 1000 {
		many = append(many, vault.Wrap{For: fmt.Sprintf("sort %d", i)})
	}
	for name, o := range map[string]struct {
		opener vault.Opener
		id     string
		wraps  []vault.Wrap
		want   string
	}{
		"another computer": {open(t, t.TempDir(), vault.Options{}), "A-1", wraps, "another secret"},
		"another log":      {v, "A-2", wraps, "another log"},
		"no wraps":         {v, "A-1", nil, "no wraps"},
		"only newer wraps": {v, "A-1", []vault.Wrap{{For: "tpm3", Data: wraps[0].Data}, {For: vault.ForAge}, {For: "tpm3"}}, `wraps for "tpm3", "age";`},
		"very many sorts":  {v, "A-1", many, `"sort 7", …; this`},
		"a long sort":      {v, "A-1", []vault.Wrap{{For: strings.Repeat("\xff", 1e6)}}, `"\xff`},
		"cut off":          {v, "A-1", []vault.Wrap{{For: vault.ForStation, Data: wraps[0].Data[:71]}}, "71 bytes"},
		"empty id":         {v, "", wraps, "1–256"},
		"no vault":         {(*vault.Vault)(nil), "A-1", wraps, "no vault"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := o.opener.Unwrap(o.id, o.wraps)
			if !errors.Is(err, vault.ErrNoKey) || !strings.Contains(err.Error(), o.want) || len(err.Error()) > 500 || got != (vault.DataKey{}) {
				t.Errorf("%v, want %q", err, o.want)
			}
		})
	}
	damaged := vault.Wrap{For: vault.ForStation, Data: make([]byte, 72)}
	if got, err := v.Unwrap("A-1", []vault.Wrap{damaged, wraps[0]}); err != nil || got != key {
		t.Errorf("the second wrap: %v", err)
	}
	for _, id := range []string{"", strings.Repeat("a", 257)} {
		if _, _, err := v.NewKey(id); err == nil {
			t.Errorf("a key for an id of %d bytes", len(id))
		}
	}
}

// R27: every bit of a station's wrap counts, and every bit of the id.
func TestChangedStationWrap(t *testing.T) {
	v := open(t, t.TempDir(), vault.Options{})
	_, wraps, err := v.NewKey("A-1")
	if err != nil {
		t.Fatal(err)
	}
	data := wraps[0].Data
	for bit := range len(data) * 8 {
		data[bit/8] ^= 1 << (bit % 8)
		if _, err := v.Unwrap("A-1", wraps); !errors.Is(err, vault.ErrNoKey) {
			t.Fatalf("bit %d: %v", bit, err)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
	for _, id := range []string{"A-1\x00", "A-", "a-1", "\x00A-1"} {
		if _, err := v.Unwrap(id, wraps); !errors.Is(err, vault.ErrNoKey) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if _, err := v.Unwrap("A-1", wraps); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

// R27: a credential comes first, and then the data folder gets the public key alone and shows nothing.
func TestCredentials(t *testing.T) {
	creds, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(creds, vault.KeyCredential), keyLine, 0o400)
	write(t, filepath.Join(creds, vault.SecretCredential), secretLine+"\n", 0o440) // as systemd shows an access list
	v := open(t, dir, vault.Options{Credentials: creds})
	if v.Public() != testKey(t, keyLine).Public() || v.Exposed() {
		t.Errorf("%v, exposed %v", v.Public(), v.Exposed())
	}
	if got := names(t, dir); !slices.Equal(got, []string{vault.PublicKeyFile}) {
		t.Errorf("the folder has %v", got)
	}
	key, wraps, err := v.NewKey("A-1")
	if err != nil {
		t.Fatal(err)
	}

	t.Run("the same secret left behind in the folder", func(t *testing.T) {
		write(t, filepath.Join(dir, vault.SecretFile), secretLine+"\n", 0o600)
		if !open(t, dir, vault.Options{Credentials: creds}).Exposed() {
			t.Error("it says that the disk shows nothing")
		}
		only := t.TempDir() // whoever has the disk needs no signing key to read
		write(t, filepath.Join(only, vault.SecretFile), secretLine+"\n", 0o600)
		if got, err := open(t, only, vault.Options{}).Unwrap("A-1", wraps); err != nil || got != key {
			t.Errorf("but it opens the log: %v", err)
		}
	})
	t.Run("an older secret left behind in the folder", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, vault.SecretFile), vault.GenerateSecret()+"\n", 0o600)
		if !open(t, dir, vault.Options{Credentials: creds}).Exposed() {
			t.Error("it says that the disk shows nothing of the logs before")
		}
	})
	t.Run("by the environment", func(t *testing.T) {
		t.Setenv("CREDENTIALS_DIRECTORY", creds)
		dir := t.TempDir()
		v, err := vault.Open(dir, vault.Options{})
		if err != nil || v.Exposed() || !slices.Equal(names(t, dir), []string{vault.PublicKeyFile}) {
			t.Errorf("%v, %v", err, names(t, dir))
		}
		if v := open(t, t.TempDir(), vault.Options{Credentials: "-"}); !v.Exposed() {
			t.Error("- looks into the environment")
		}
	})
	t.Run("the environment's folder is for others", func(t *testing.T) {
		t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
		if v, err := vault.Open(t.TempDir(), vault.Options{}); err != nil || !v.Exposed() {
			t.Errorf("%v", err)
		}
	})
	t.Run("only the secret", func(t *testing.T) {
		only, dir := t.TempDir(), t.TempDir()
		write(t, filepath.Join(only, vault.SecretCredential), secretLine, 0o400)
		v := open(t, dir, vault.Options{Credentials: only})
		if want := []string{vault.KeyFile, vault.PublicKeyFile}; !slices.Equal(names(t, dir), want) || v.Exposed() {
			t.Errorf("%v", names(t, dir))
		}
		if got, err := v.Unwrap("A-1", wraps); err != nil || got != key {
			t.Errorf("%v", err)
		}
	})
	for _, tt := range []struct {
		name, key, secret, pub string
		mode                   fs.FileMode
		kind                   error
		want                   string
	}{
		{"neither", "", "", "", 0o400, nil, "has neither"},
		{"damaged key", keyLine[:60], secretLine, "", 0o400, vault.ErrKey, vault.KeyCredential},
		{"damaged secret", keyLine, secretLine[:60], "", 0o400, vault.ErrSecret, vault.SecretCredential},
		{"others may read", keyLine, secretLine, "", 0o444, vault.ErrNotPrivate, "0444"},
		{"the folder's public key is another", keyLine, secretLine, otherKeyLine, 0o400, vault.ErrKey, "does not belong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			creds, dir := t.TempDir(), t.TempDir()
			if tt.key != "" {
				write(t, filepath.Join(creds, vault.KeyCredential), tt.key, tt.mode)
				write(t, filepath.Join(creds, vault.SecretCredential), tt.secret, tt.mode)
			}
			want := 0
			if tt.pub != "" {
				write(t, filepath.Join(dir, vault.PublicKeyFile), testKey(t, tt.pub).Public().String()+"\n", 0o644)
				want = 1
			}
			_, err := vault.Open(dir, vault.Options{Credentials: creds})
			if err == nil || tt.kind != nil && !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if got := names(t, dir); len(got) != want {
				t.Errorf("the folder has %v", got)
			}
		})
	}
}

// R22, R27: where station.pub shows that the computer had keys, none is made in the place of one that is gone: logs hang on it.
func TestLostKeys(t *testing.T) {
	const key, pub, secret = vault.KeyFile, vault.PublicKeyFile, vault.SecretFile
	lines := map[string]string{
		key: keyLine, pub: testKey(t, keyLine).Public().String(), secret: secretLine,
		vault.KeyCredential: keyLine, vault.SecretCredential: secretLine,
	}
	put := func(t *testing.T, dir string, files ...string) {
		t.Helper()
		for _, name := range files {
			write(t, filepath.Join(dir, name), lines[name]+"\n", 0o600)
		}
	}
	for _, tt := range []struct {
		name        string
		files       []string // in the data folder
		credentials []string
		kind        error // nil: it opens
		missing     string
	}{
		{"both files were destroyed, and the unit gives no credentials", []string{pub}, nil, vault.ErrKey, key},
		{"the secret was a credential, and the unit gives none", []string{key, pub}, nil, vault.ErrSecret, secret},
		{"the secret is gone, and so is station.pub", []string{key}, nil, vault.ErrSecret, secret},
		{"the signing key is gone", []string{pub, secret}, nil, vault.ErrKey, key},
		{"the unit gives the secret only", []string{pub}, []string{vault.SecretCredential}, vault.ErrKey, key},
		{"the unit gives the signing key only", []string{pub}, []string{vault.KeyCredential}, vault.ErrSecret, secret},
		{"nothing is gone", []string{key, pub}, []string{vault.SecretCredential}, nil, ""},
		{"both are credentials", []string{pub}, []string{vault.KeyCredential, vault.SecretCredential}, nil, ""},
		// What a power cut can leave of the first start.
		{"begun: nothing", nil, nil, nil, ""},
		{"begun: the secret", []string{secret}, nil, nil, ""},
		{"begun: secret and signing key", []string{secret, key}, nil, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, creds := t.TempDir(), "-"
			put(t, dir, tt.files...)
			if tt.credentials != nil {
				creds = t.TempDir()
				put(t, creds, tt.credentials...)
			}
			_, err := vault.Open(dir, vault.Options{Credentials: creds})
			if tt.kind == nil {
				if err != nil || !slices.Contains(names(t, dir), pub) {
					t.Errorf("%v, and %q lies there", err, names(t, dir))
				}
				return
			}
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), filepath.Join(dir, tt.missing)) || !strings.Contains(err.Error(), "missing") {
				t.Errorf("it says: %v", err)
			}
			if got := names(t, dir); !slices.Equal(got, slices.Sorted(slices.Values(tt.files))) {
				t.Errorf("%q lies there, before it was %q", got, tt.files)
			}
		})
	}

	// From its first start on the computer whose keys are credentials has a station.pub that says so, and NCT has one to collect.
	dir, creds := t.TempDir(), t.TempDir()
	put(t, creds, vault.KeyCredential, vault.SecretCredential)
	open(t, dir, vault.Options{Credentials: creds})
	if data, err := os.ReadFile(filepath.Join(dir, pub)); err != nil || string(data) != lines[pub]+"\n" {
		t.Errorf("station.pub: %q, %v", data, err)
	}
	if _, err := vault.Open(dir, vault.Options{Credentials: "-"}); !errors.Is(err, vault.ErrKey) || len(names(t, dir)) != 1 {
		t.Errorf("without them: %v, and %q lies there", err, names(t, dir))
	}
}

// R27: a damaged secret is refused, never replaced and never shown; so is one that others may read.
func TestRefusedSecret(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		mode       fs.FileMode
		kind       error
		want       string
	}{
		{"good", secretLine + "\n", 0o600, nil, ""},
		{"good and read-only", secretLine + "\r\n", 0o400, nil, ""},
		{"empty", "", 0o600, vault.ErrSecret, "does not begin"},
		{"zeros", strings.Repeat("\x00", 80), 0o600, vault.ErrSecret, "does not begin"},
		{"a signing key", keyLine, 0o600, vault.ErrSecret, "does not begin"},
		{"cut off", secretLine[:50], 0o600, vault.ErrSecret, "cut off"},
		{"changed", strings.Replace(secretLine, "AQID", "AQIE", 1), 0o600, vault.ErrSecret, "check does not fit"},
		{"changed check", strings.Replace(secretLine, "-1+", "-1+f", 1), 0o600, vault.ErrSecret, "check does not fit"},
		{"open bits of the last character", strings.Replace(secretLine, "HyA=", "HyB=", 1), 0o600, vault.ErrSecret, "damaged"},
		{"two lines", secretLine + "\n" + secretLine + "\n", 0o600, vault.ErrSecret, "damaged"},
		{"newer", strings.Replace(secretLine, "SECRET-1", "SECRET-2", 1), 0o600, vault.ErrSecret, "newer"},
		{"huge", strings.Repeat("x", 2<<20), 0o600, vault.ErrSecret, "2097152 bytes"},
		{"the group may read", secretLine, 0o640, vault.ErrNotPrivate, "0640"},
		{"all may read", secretLine, 0o604, vault.ErrNotPrivate, "0604"},
		{"all may write", secretLine, 0o602, vault.ErrNotPrivate, "0602"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, vault.SecretFile)
			write(t, path, tt.text, tt.mode)
			v, err := vault.Open(dir, vault.Options{Credentials: "-"})
			if tt.kind == nil {
				if err != nil || v == nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "HB0e") || strings.Contains(fmt.Sprint(err), "AQECA") {
				t.Errorf("the error shows the secret: %v", err)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != tt.text {
				t.Error("the secret was replaced")
			}
		})
	}
	t.Run("a pipe", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mkfifo(filepath.Join(dir, vault.SecretFile), 0o600); err != nil {
			t.Skip("no pipes here:", err)
		}
		if _, err := vault.Open(dir, vault.Options{Credentials: "-"}); !errors.Is(err, vault.ErrSecret) {
			t.Error(err)
		}
	})
	t.Run("a link to nothing", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, vault.SecretFile)
		if err := os.Symlink(filepath.Join(dir, "unplugged"), path); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Open(dir, vault.Options{Credentials: "-"}); err == nil {
			t.Error("a new secret was made although the old one may come back")
		}
		if fi, err := os.Lstat(path); err != nil || fi.Mode()&fs.ModeSymlink == 0 {
			t.Error("the link was replaced")
		}
	})
	t.Run("a signing key that all may read", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, vault.KeyFile), keyLine+"\n", 0o644)
		if _, err := vault.Open(dir, vault.Options{Credentials: "-"}); !errors.Is(err, vault.ErrNotPrivate) {
			t.Error(err)
		}
		if got := names(t, dir); len(got) != 1 {
			t.Errorf("the folder has %v", got)
		}
	})
	t.Run("of another user", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("Only root can give a file to another user.")
		}
		dir := t.TempDir()
		path := filepath.Join(dir, vault.SecretFile)
		write(t, path, secretLine, 0o600)
		if err := os.Chown(path, 65534, -1); err != nil {
			t.Skip("no other user here:", err)
		}
		if _, err := vault.Open(dir, vault.Options{Credentials: "-"}); !errors.Is(err, vault.ErrNotPrivate) || !strings.Contains(err.Error(), "65534") {
			t.Error(err)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		if _, err := vault.Open(filepath.Join(t.TempDir(), "none"), vault.Options{Credentials: "-"}); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// Two programs that start at once have the same secret: what one wraps the other opens.
func TestOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	vaults := make([]*vault.Vault, 8)
	errs := make([]error, len(vaults))
	for i := range vaults {
		wg.Go(func() { vaults[i], errs[i] = vault.Open(dir, vault.Options{Credentials: "-"}) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	key, wraps, err := vaults[0].NewKey("A-1")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vaults {
		if got, err := v.Unwrap("A-1", wraps); err != nil || got != key || v.Public() != vaults[0].Public() {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// A new secret's line is a secret, and no two are alike.
func TestGenerateSecret(t *testing.T) {
	a, b := vault.GenerateSecret(), vault.GenerateSecret()
	if a == b || len(a) != len(secretLine) {
		t.Errorf("%d and %d bytes", len(a), len(b))
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, vault.SecretFile), a+"\n", 0o600)
	open(t, dir, vault.Options{})
}

// No way of printing shows a key.
func TestPrinted(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, vault.SecretFile), secretLine, 0o600)
	v := open(t, dir, vault.Options{})
	key := vault.DataKey{0: 201, 31: 202}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("opened", "key", key, "vault", v)
	if strings.Contains(logged.String(), "201,0") || !strings.Contains(logged.String(), "hidden") {
		t.Errorf("logged: %s", &logged)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, x := range []any{key, &key, []vault.DataKey{key}, struct{ K vault.DataKey }{key}, v, *v, struct{ v *vault.Vault }{v}} {
			s := fmt.Sprintf(verb, x)
			for _, shown := range []string{"201 0 0 0", "c9000000000000", "0xc9, 0x0", "1 2 3 4 5", "01020304", "0x1, 0x2, 0x3"} {
				if strings.Contains(s, shown) {
					t.Errorf("%s of %T shows the key: %s", verb, x, s)
				}
			}
		}
	}
}

// R22: whoever reads a data folder leaves no key in it that was not there.
func TestOpenExisting(t *testing.T) {
	dir := t.TempDir()
	existing := func() (*vault.Vault, error) { return vault.OpenExisting(dir, vault.Options{Credentials: "-"}) }
	if _, err := existing(); !errors.Is(err, fs.ErrNotExist) || len(names(t, dir)) != 0 {
		t.Errorf("in an empty folder: %v, and %q lies there", err, names(t, dir))
	}
	v := open(t, dir, vault.Options{})
	key, wraps, err := v.NewKey("a")
	if err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	again, err := existing()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Unwrap("a", wraps); err != nil || got != key || again.Public() != v.Public() || !again.Exposed() {
		t.Errorf("the same key is not found again: %v", err)
	}
	for _, name := range []string{vault.SecretFile, vault.KeyFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := existing(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if after := names(t, dir); len(after) != len(before)-2 {
		t.Errorf("%q lies there, before it was %q", after, before)
	}
}
