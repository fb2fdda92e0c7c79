package exam

import "errors"

// errOtherTheme says that a ThemeChosen does not go on from what was chosen.
var errOtherTheme = errors.New("another theme was chosen before")

// chooseTheme lets a theme be chosen and changed at any time: what is written belongs to the candidate, who may have begun under
// the wrong one. Whether a change is meant is asked on the screen.
func chooseTheme(item *Item, response Response, theme string) ([]Event, error) {
	if len(item.Themes) == 0 {
		return nil, ErrItemKind
	}
	if _, i := item.Theme(theme); i < 0 {
		return nil, ErrNoOption
	}
	if theme == response.Theme {
		return nil, nil
	}
	return []Event{ThemeChosen{Item: item.ID, Theme: theme, Previous: response.Theme}}, nil
}

func (a *Attempt) foldTheme(e ThemeChosen) error {
	if a.Paper == nil {
		return nil
	}
	item, _, ok := a.Paper.Item(e.Item)
	if !ok {
		return ErrNoItem
	}
	if _, i := item.Theme(e.Theme); i < 0 {
		return ErrNoOption
	}
	return a.respond(e.Item, func(r *Response) error {
		if r.Theme != e.Previous {
			return errOtherTheme
		}
		r.Theme = e.Theme
		return nil
	})
}
