package parcel

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestReleaseKeyForm(t *testing.T) {
	k := ReleaseKey{}
	for i := range k.signs {
		k.signs[i] = byte(i)
	}
	if got := k.Text(); !regexp.MustCompile(`^0123.-4567.-89AB.-CDEF.-GHJK.$`).MatchString(got) {
		t.Fatalf("form %s", got)
	}
	for _, spelt := range []string{
		k.Text(), strings.ToLower(k.Text()), strings.ReplaceAll(k.Text(), "-", ""), strings.ReplaceAll(k.Text(), "-", " "), " " + strings.ReplaceAll(k.Text(), "-", " – ") + "\n",
		strings.NewReplacer("0", "O", "1", "l").Replace(k.Text()), strings.NewReplacer("0", "o", "1", "I").Replace(k.Text()),
	} {
		got, err := ParseReleaseKey(spelt)
		if err != nil || got != k {
			t.Errorf("%q: %v", spelt, err)
		}
	}
	r := Release{ID: "english-7", Key: k}
	back, err := ParseRelease(r.Line() + "\n")
	if err != nil || back != r {
		t.Errorf("%q: %+v %v", r.Line(), back, err)
	}
	if back, err := ParseRelease(k.Text()); err != nil || back.ID != "" || back.Key != k {
		t.Errorf("a bare key: %v", err)
	}
}

func TestReleaseKeyFaults(t *testing.T) {
	k := NewReleaseKey()
	text := k.Text()
	for _, tt := range []struct {
		typed string
		fault KeyFault
		group int
	}{
		{"", KeyLength, 0},
		{text[:len(text)-1], KeyLength, 0},
		{text + "0", KeyLength, 0},
		{strings.Repeat("0", 5000), KeyLength, 0},
		{text[:7] + "U" + text[8:], KeySign, 2},
		{text[:7] + "ф" + text[8:], KeySign, 2},
		{text[:28] + "!", KeySign, 5},
		{text[6:11] + "-" + text[:5] + text[11:], KeyCheck, 1}, // two groups exchanged
	} {
		_, err := ParseReleaseKey(tt.typed)
		var e *KeyError
		if !errors.As(err, &e) || e.Fault != tt.fault || e.Group != tt.group {
			t.Errorf("%q: %v", tt.typed, err)
		}
		if err != nil && strings.Contains(err.Error(), text[:5]) {
			t.Error("the error shows the key")
		}
	}
}

// Every single mistyped sign, and every exchange of neighbours in a group, is found, in its group.
func TestReleaseKeyChecks(t *testing.T) {
	for range 20 {
		signs := []byte(strings.ReplaceAll(NewReleaseKey().Text(), "-", ""))
		found := func(typed []byte, group int, what string) {
			t.Helper()
			_, err := ParseReleaseKey(string(typed))
			var e *KeyError
			if !errors.As(err, &e) || e.Fault != KeyCheck || e.Group != group {
				t.Fatalf("%s in group %d: %v", what, group, err)
			}
		}
		for i := range signs {
			for _, other := range []byte(alphabet) {
				if other != signs[i] {
					typed := append([]byte(nil), signs...)
					typed[i] = other
					found(typed, i/5+1, "a wrong sign")
				}
			}
			if i%5 < 4 && signs[i] != signs[i+1] {
				typed := append([]byte(nil), signs...)
				typed[i], typed[i+1] = typed[i+1], typed[i]
				found(typed, i/5+1, "exchanged neighbours")
			}
		}
	}
}

// At least 96 bits: 20 signs of 32 values, all of which occur.
func TestReleaseKeyEntropy(t *testing.T) {
	seen := make(map[byte]int)
	keys := make(map[ReleaseKey]bool)
	for range 2000 {
		k := NewReleaseKey()
		keys[k] = true
		for _, s := range k.signs {
			seen[s]++
		}
	}
	if len(keys) != 2000 || len(seen) != 32 || len(ReleaseKey{}.signs)*5 < 96 {
		t.Errorf("%d keys, %d signs", len(keys), len(seen))
	}
	for s, n := range seen {
		if n < 900 || n > 1600 { // 1250 expected, standard deviation 35
			t.Errorf("sign %d occurs %d times of 40000", s, n)
		}
	}
}

func FuzzReleaseKey(f *testing.F) {
	f.Add(NewReleaseKey().Text())
	f.Add("EMTIHAN-RELEASE-1 e-7 00000")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRelease(text)
		if err != nil {
			return
		}
		if again, err := ParseReleaseKey(r.Key.Text()); err != nil || again != r.Key {
			t.Fatalf("%q is read as %q", text, r.Key.Text())
		}
	})
}

// What is typed is shown as far as it has come, with a word on each group.
func TestReadGroups(t *testing.T) {
	key := NewReleaseKey().Text()
	groups := ReadGroups(strings.ToLower(key))
	if len(groups) != 5 {
		t.Fatalf("%d groups", len(groups))
	}
	for i, g := range groups {
		if !g.Complete || !g.Right || g.Signs != key[6*i:6*i+5] {
			t.Errorf("group %d: %+v of %s", i+1, g, key)
		}
	}
	exchanged := ReadGroups(key[6:11] + key[:5])
	if exchanged[0].Right || exchanged[1].Right {
		t.Errorf("exchanged groups: %+v", exchanged)
	}
	if part := ReadGroups(key[:8]); len(part) != 2 || part[1].Complete || part[1].Signs != key[6:8] {
		t.Errorf("half a group: %+v", part)
	}
	if bad := ReadGroups("12Ж45"); len(bad) != 1 || bad[0].Signs != "12?45" || bad[0].Right {
		t.Errorf("a sign of no key: %+v", bad)
	}
	if none := ReadGroups(" - "); len(none) != 0 {
		t.Errorf("nothing: %+v", none)
	}
	if many := ReadGroups(strings.Repeat("7", 10_000)); len(many) > 6 {
		t.Errorf("%d groups of a long text", len(many))
	}
}
