package station

import (
	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/look"
	"emtihan/station/tools"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// toolTitles name the tools' sentences (R13).
var toolTitles = map[exam.Tool]string{exam.ToolCalculator: "calculator", exam.ToolElements: "periodic", exam.ToolSolubility: "solubility"}

// toolKeys are the keys of a tool's sheet: F1 lists what works the tool itself.
func (u *ui) toolKeys(tool exam.Tool, content fyne.CanvasObject) []binding {
	helper, ok := content.(interface{ Help() []tools.Help })
	if !ok {
		return nil
	}
	return []binding{{key: fyne.KeyF1, name: "help", do: func() { u.toolHelp(tool, helper.Help()) }}}
}

// toolHelp lists the keys of a tool; F1 and Enter lead back to it.
func (u *ui) toolHelp(tool exam.Tool, lines []tools.Help) {
	back := func() { u.toolSheet(tool) }
	// In columns of equal length, for a list that is higher than the window has to be scrolled by people who cannot see all of it.
	const most = 14
	columns := container.NewHBox()
	for from := 0; from < len(lines); from += most {
		box := container.New(layout.NewCustomPaddedVBoxLayout(-6))
		for _, l := range lines[from:min(from+most, len(lines))] {
			box.Add(container.NewBorder(nil, nil, look.Fixed(130, look.Strong(l.Keys)), nil, look.Body(l.Does)))
		}
		width := float32(330)
		if from > 0 {
			width = 230 // letters and what stands on the keys
		}
		columns.Add(container.NewVBox(look.Fixed(width, box)))
	}
	if columns.MinSize().Width+sheetEdge > u.win.Canvas().Size().Width {
		parts := columns.Objects
		columns = container.NewHBox(container.NewVBox(parts...))
	}
	title := locales.T(u.lang, "tools.title."+toolTitles[tool])
	done := look.NewButton(title, look.Primary, u.keys, back)
	content := container.NewVBox(look.Heading(u.t("station.help.title")+": "+title), columns)
	u.open(&sheet{name: "tool-help", foot: container.NewHBox(layout.NewSpacer(), done), keys: []binding{{key: fyne.KeyF1, name: "help", do: back}}, enter: back}, content, done)
}
