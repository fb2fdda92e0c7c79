package exam

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/crypto/argon2"
)

// Session is one sitting in one room: when it starts, who is expected, and who may decide.
type Session struct {
	Format  int       `toml:"format"` // 1
	ID      string    `toml:"id"`     // [a-z0-9-]{1,32}
	Centre  string    `toml:"centre"`
	Room    string    `toml:"room"`
	Start   time.Time `toml:"start"`   // with its zone
	Profile string    `toml:"profile"` // id of the profile
	Paper   string    `toml:"paper"`   // id of the paper
	Note    string    `toml:"note"`    // shown on the login screen; for demonstrations
	// Parcel is the sealed package that profile and paper come in, and Roster the signed list of candidates: files relative to
	// the session's. Empty: profiles, papers and candidates stand in the open.
	Parcel string `toml:"parcel"`
	Roster string `toml:"roster"`
	// Signers are NCT's public keys, as signed notes write verifier keys. What none of them signed is not taken.
	Signers []string `toml:"nct_signers"`
	// Recipients of NCT that can open the logs (R22, R27): age recipients, checked by package vault.
	Recipients     []string        `toml:"nct_recipients"`
	Candidates     []Candidate     `toml:"candidates"`
	Administrators []Administrator `toml:"administrators"`
}

// Candidate is a person on the list of a session.
type Candidate struct {
	IIN        string `toml:"iin" cbor:"1,keyasint"`
	Name       string `toml:"name" cbor:"2,keyasint"`                 // Ф.И.О.
	Photo      string `toml:"photo" cbor:"3,keyasint"`                // registered photo, a path relative to the session's file
	Language   string `toml:"language" cbor:"4,keyasint"`             // exam language
	Seat       string `toml:"seat" cbor:"5,keyasint"`                 // from the seating list (R8)
	University string `toml:"university" cbor:"6,keyasint,omitempty"` //
	Programme  string `toml:"programme" cbor:"7,keyasint,omitempty"`  // group of educational programmes
	// Extra time already granted with the application, in minutes, and its document (R2).
	ExtraMinutes  int    `toml:"extra_minutes" cbor:"8,keyasint,omitempty"`
	ExtraDocument string `toml:"extra_document" cbor:"9,keyasint,omitempty"`
	Helper        string `toml:"helper" cbor:"10,keyasint,omitempty"`
	// The university's interview (R1): whether it was held, and its protocol.
	InterviewHeld     bool   `toml:"interview_held" cbor:"11,keyasint,omitempty"`
	InterviewProtocol string `toml:"interview_protocol" cbor:"12,keyasint,omitempty"`
}

// Administrator is a person who may decide on a station, after typing a code of their own.
type Administrator struct {
	Name string `toml:"name"`
	Role string `toml:"role"`
	Code string `toml:"code"` // argon2id in PHC form, from [HashCode]
}

// ParseSession reads a session. Errors name the candidate or key that is wrong.
func ParseSession(data []byte) (*Session, error) {
	s := new(Session)
	if err := decodeStrict(Trim(data), s); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("session: "+format, args...))
		}
	}
	bad(s.Format == 1, "format is %d, this program reads format 1", s.Format)
	bad(profileID.MatchString(s.ID), "id %q is not [a-z0-9-]{1,32}", s.ID)
	bad(!s.Start.IsZero(), "start is missing")
	bad(hasOffset(data), "start has no offset from UTC")
	bad(profileID.MatchString(s.Profile), "profile %q is not [a-z0-9-]{1,32}", s.Profile)
	bad(profileID.MatchString(s.Paper), "paper %q is not [a-z0-9-]{1,32}", s.Paper)
	bad(len(s.Candidates) > 0 || s.Roster != "", "no candidates")
	bad(len(s.Candidates) == 0 || s.Roster == "", "candidates stand in the file, and it names the list %q too", s.Roster)
	bad(len(s.Administrators) > 0, "no administrators")
	for key, path := range map[string]string{"parcel": s.Parcel, "roster": s.Roster} {
		bad(path == "" || filepath.IsLocal(path), "%s is %q, which is no path below the session's folder", key, path)
		bad(path == "" || len(s.Signers) > 0, "%s is there, and nct_signers is empty: nobody could say who made it", key)
	}
	errs = append(errs, checkCandidates(s.Candidates))
	for i, a := range s.Administrators {
		bad(strings.TrimSpace(a.Name) != "", "administrator %d has no name", i+1)
		_, _, err := parseCode(a.Code)
		bad(err == nil, "administrator %d (%s): the code is not argon2id in PHC form", i+1, a.Name)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// WithCandidates returns the session with the candidates of its list. Errors name the candidate that is wrong.
func (s *Session) WithCandidates(list []Candidate) (*Session, error) {
	if len(list) == 0 {
		return nil, errors.New("session: no candidates")
	}
	if err := checkCandidates(list); err != nil {
		return nil, err
	}
	out := *s
	out.Candidates = list
	return &out, nil
}

func checkCandidates(list []Candidate) error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("session: "+format, args...))
		}
	}
	seen := make(map[string]bool)
	for i, c := range list {
		if _, _, err := ParseIIN(c.IIN); err != nil {
			errs = append(errs, fmt.Errorf("session: candidate %d (%s): the IIN is wrong: %w", i+1, c.Name, err))
		}
		bad(!seen[c.IIN], "candidate %d (%s): the IIN stands twice", i+1, c.Name)
		seen[c.IIN] = true
		bad(strings.TrimSpace(c.Name) != "", "candidate %d has no name", i+1)
		bad(c.Language == "kk" || c.Language == "ru" || c.Language == "en", "candidate %d (%s): language %q is not kk, ru or en", i+1, c.Name, c.Language)
		bad(c.ExtraMinutes >= 0, "candidate %d (%s): %d extra minutes", i+1, c.Name, c.ExtraMinutes)
		bad(c.ExtraMinutes == 0 || c.ExtraDocument != "", "candidate %d (%s): extra time without a document", i+1, c.Name)
	}
	return errors.Join(errs...)
}

// hasOffset reports whether start says its offset from UTC. Taken in the computer's zone, it would make lateness (R3) a
// matter of the computer. The TOML reader puts such times into zones of these names, which a time.Time field loses.
func hasOffset(data []byte) bool {
	var raw struct {
		Start any `toml:"start"`
	}
	if _, err := toml.Decode(string(Trim(data)), &raw); err != nil {
		return false
	}
	t, ok := raw.Start.(time.Time)
	return !ok || !strings.HasSuffix(t.Location().String(), "-local")
}

// Candidate returns the expected candidate with the IIN, or ErrNotExpected.
func (s *Session) Candidate(iin IIN) (Candidate, error) {
	for _, c := range s.Candidates {
		if c.IIN == string(iin) {
			return c, nil
		}
	}
	return Candidate{}, ErrNotExpected
}

// Argon2id parameters: the second recommended choice of RFC 9106 with one lane, since a station has few cores to spare.
const (
	codeTime   = 3
	codeMemory = 64 * 1024 // KiB
	codeLanes  = 1
	codeLength = 32
)

// HashCode returns the PHC form of an administrator's code under a salt of at least eight random bytes.
func HashCode(code string, salt []byte) string {
	sum := argon2.IDKey([]byte(code), salt, codeTime, codeMemory, codeLanes, codeLength)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", codeMemory, codeTime, codeLanes, enc.EncodeToString(salt), enc.EncodeToString(sum))
}

// Accepts reports whether code is the administrator's. It takes about a tenth of a second, so never call it where a
// screen waits.
func (a Administrator) Accepts(code string) bool {
	salt, want, err := parseCode(a.Code)
	if err != nil {
		return false
	}
	got := argon2.IDKey([]byte(code), salt, codeTime, codeMemory, codeLanes, codeLength)
	return subtle.ConstantTimeCompare(got, want) == 1
}

func parseCode(phc string) (salt, sum []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != "v=19" || parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", codeMemory, codeTime, codeLanes) {
		return nil, nil, errors.New("not an argon2id code with the expected parameters")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return nil, nil, errors.New("the salt is broken")
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != codeLength {
		return nil, nil, errors.New("the hash is broken")
	}
	return salt, sum, nil
}
