package station

import (
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/station/look"
	"emtihan/station/problem"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// latin is what the keys of the Russian and Kazakh keyboards give under the Latin layout. A release key has no Cyrillic letters, so
// whatever layout is on, the key is understood, also as a reader of QR codes types it.
var latin = func() map[rune]rune {
	out := make(map[rune]rune)
	add := func(from, to string) {
		l := []rune(to)
		for i, r := range []rune(from) {
			out[r] = l[i]
		}
	}
	add("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")
	add("әіңғүұқө", "2345890-")
	return out
}()

// latinKeys reads what was typed as the Latin layout would have given it.
func latinKeys(text string) string {
	kazakh := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
	return strings.Map(func(r rune) rune {
		if l, ok := latin[unicode.ToLower(r)]; ok {
			if unicode.IsUpper(r) {
				return unicode.ToUpper(l)
			}
			return l
		}
		if kazakh { // signs of the Kazakh layout's row of digits
			switch r {
			case '"':
				return '1'
			case ',':
				return '6'
			case '.':
				return '7'
			}
		}
		return r
	}, text)
}

// releaseGroups shows a key as it is being typed: a mark on each group that is complete.
func releaseGroups(text string) string {
	if strings.Contains(text, "EMTIHAN") {
		return ""
	}
	var out []string
	for _, g := range parcel.ReadGroups(text) {
		mark := "…"
		switch {
		case g.Complete && g.Right:
			mark = "✓"
		case g.Complete:
			mark = "✗"
		}
		out = append(out, g.Signs+" "+mark)
	}
	return strings.Join(out, "   ")
}

// sealedScreen says that the exam is here, sealed, and takes the release key (see docs/exam-package.md).
func (u *ui) sealedScreen() *screen {
	x := u.set.parcel
	if u.view.Attempt == nil && !x.opening {
		u.set.drop()
	}
	if end := x.end; end != nil {
		x.end, x.opening = nil, true
		u.showEnd(end)
	}
	o := x.outer
	message := look.NewBanner(look.Calm, "")
	groups := look.Strong("")
	groups.TextStyle = fyne.TextStyle{Monospace: true, Bold: true}
	field := look.NewField(1, u.keys)
	field.SetPlaceHolder(u.t("station.sealed.placeholder"))
	field.OnChanged = func(s string) {
		x.typed = s
		groups.SetText(releaseGroups(strings.ToUpper(latinKeys(s))))
	}
	field.SetText(x.typed)
	field.CursorColumn = len([]rune(x.typed))
	x.say = func(err error) {
		x.refusal = err
		message.Set(look.Trouble, u.releaseTrouble(err))
		u.see()
	}
	switch {
	case x.opening:
		message.Set(look.Calm, u.t("station.sealed.opening"))
	case x.refusal != nil:
		message.Set(look.Trouble, u.releaseTrouble(x.refusal))
	}
	submit := func() {
		if x.opening {
			return
		}
		release, err := parcel.ParseRelease(strings.ToUpper(latinKeys(field.Text)))
		if err == nil && release.ID != "" && !strings.EqualFold(release.ID, o.ID) {
			err = &parcel.Error{Code: parcel.CodeOtherKey, Why: "the release key is another parcel's"}
		}
		if err != nil {
			x.say(err)
			return
		}
		x.opening = true
		message.Set(look.Calm, u.t("station.sealed.opening"))
		means := exam.ReleaseTyped
		if release.ID != "" { // a person types the key alone; the line with the package's id comes out of a QR code
			means = exam.ReleaseScanned
		}
		u.unsealWith(release.Key, means, u.actor.Unseal, func(err error) {
			x.opening = false
			if err != nil {
				x.say(err)
				return
			}
			x.typed, x.refusal = "", nil
		})
	}
	field.OnSubmitted = func(string) { submit() }
	open := look.NewButton(u.t("station.sealed.go"), look.Primary, u.keys, submit)
	rows := container.New(layout.NewCustomPaddedVBoxLayout(0))
	for _, r := range [][2]string{
		{"exam", o.Title.In(string(u.lang))},
		{"tasks", u.t("station.sealed.tasks-value", "Tasks", o.Tasks(), "Blocks", len(o.Blocks))},
		{"valid", u.t("station.sealed.valid-value", "From", u.set.local(o.From), "Until", u.set.local(o.Until))},
		{"package", o.ID},
		{"signer", o.Key.Fingerprint()},
	} {
		rows.Add(container.NewBorder(nil, nil, look.Fixed(190, look.Note(u.t("station.sealed."+r[0]))), nil, look.Strong(r[1])))
		rows.Add(look.Rule())
	}
	box := container.NewVBox(
		look.Heading(u.t("station.sealed.title")), look.NewBanner(look.Fine, u.t("station.sealed.lead")), look.Gap(2),
		look.Strong(u.t("station.sealed.key")), field, groups, message, open, look.Gap(6), rows,
	)
	return &screen{
		name: "sealed", root: u.page(look.Sheet(820, box, nil)), enter: submit,
		shown: func() { u.win.Canvas().Focus(field) },
		sight: func(s *sight) {
			if x.refusal != nil {
				s.Trouble = releaseCode(x.refusal)
			}
		},
	}
}

// showEnd shows the end of an attempt again that was on the screen when the station was switched off: the result and its map,
// and nothing else of the exam. Where that is impossible, the station stays sealed.
func (u *ui) showEnd(end *shownEnd) {
	give := func(profile *exam.Profile, paper *exam.Paper, done func(error)) {
		u.actor.UnsealEnded(profile, paper, end.iin, done)
	}
	u.unsealWith(end.key, exam.ReleaseKept, give, func(err error) {
		u.set.parcel.opening = false
		if err != nil {
			slog.Warn("the end of the last attempt cannot be shown again; the release key is asked for", "error", err)
			u.set.forgetKey()
			u.key = "" // the screen that says that it is being opened
			u.render()
		}
	})
}

// unsealWith opens the package away from the screen and gives it to the actor. done runs on the screen's goroutine.
func (u *ui) unsealWith(key parcel.ReleaseKey, means exam.ReleaseMeans, give func(*exam.Profile, *exam.Paper, func(error)), done func(error)) {
	set := u.set
	opened := *set // the screen goes on reading set meanwhile
	go func() {
		err := opened.unseal(key, time.Now())
		if err == nil && means != exam.ReleaseKept {
			// Without it the exam is held all the same; only a power cut would ask for the key again.
			if kerr := opened.keepKey(key); kerr != nil {
				u.post(func() { u.message(u.said(kerr)) })
			}
		}
		u.post(func() {
			if err != nil {
				done(err)
				return
			}
			set.profile, set.paper, set.media = opened.profile, opened.paper, opened.media
			set.note(means)
			give(set.profile, set.paper, func(err error) {
				u.post(func() {
					if err != nil {
						set.drop()
					}
					done(err)
				})
			})
		})
	}()
}

// releaseCode names a refusal for the diagnostics; it never contains the key.
func releaseCode(err error) string {
	var typed *parcel.KeyError
	if errors.As(err, &typed) {
		return string(typed.Fault)
	}
	if code := parcel.ErrorCode(err); code != "" {
		return string(code)
	}
	return string(problem.Of(err))
}

// releaseTrouble says why a key does not open the package, and what to do.
func (u *ui) releaseTrouble(err error) string {
	o := u.set.parcel.outer
	var typed *parcel.KeyError
	if errors.As(err, &typed) {
		return u.t("station.sealed.fault."+string(typed.Fault), "Group", typed.Group, "Sign", string(typed.Sign), "Count", typed.Count)
	}
	switch code := parcel.ErrorCode(err); code {
	case parcel.CodeOtherKey, parcel.CodeWrongKey, parcel.CodeNotYet, parcel.CodeExpired, parcel.CodeOtherSigner:
		return u.t("station.sealed.why."+string(code), "ID", o.ID, "From", u.set.local(o.From), "Until", u.set.local(o.Until),
			"Now", u.set.local(time.Now()))
	case "":
		return u.said(err)
	default:
		return u.t("station.sealed.why.damaged", "Code", string(code))
	}
}
