package station

import (
	"testing"

	"emtihan/exam"
)

// R4, R15, R16: in a real window, by keys alone: the work is handed in, the result stands on the screen, and a content appeal is
// filed with its ground and reason.
func TestContentAppealInARealWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("a real window takes its time")
	}
	opt := lay(t, sitting("english", "english-demo", "en"))
	w := openWindow(t, opt)
	w.run("setxkbmap", "us")
	w.seat(nurlan)
	w.keys("F10")
	w.await("the question", func(s sight) bool { return s.Sheet == "finish" })
	w.keys("shift+Tab", "Return")
	w.await("the last check", func(s sight) bool { return s.Screen == "face-finish" })
	w.identify()
	w.await("the result", func(s sight) bool { return s.Screen == "end" && s.Sheet == "" })
	w.picture("result")
	w.keys("Tab", "Return")
	w.await("the map", func(s sight) bool { return s.Sheet == "map" })
	w.picture("map")
	w.keys("Escape", "Tab", "Return")
	w.await("the appeal", func(s sight) bool { return s.Sheet == "content-appeal" })
	w.types("7")
	w.keys("Tab", "Tab", "Tab", "space", "Tab", "Tab") // to the third ground, past the fourth
	w.types("both are right")
	w.picture("content-appeal")
	w.keys("Tab", "Tab", "Return")
	w.await("that it is recorded", func(s sight) bool { return s.Sheet == "message" })
	w.picture("content-appeal-filed")
	w.kill()

	var filed []exam.AppealedContent
	for _, e := range events(t, opt) {
		if e, ok := e.(exam.AppealedContent); ok {
			filed = append(filed, e)
		}
	}
	if len(filed) != 1 || filed[0].Ground != 3 || filed[0].Text != "both are right" {
		t.Errorf("the log has %+v", filed)
	}
}
