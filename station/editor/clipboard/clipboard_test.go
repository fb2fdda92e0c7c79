package clipboard

import "testing"

func TestClipboard(t *testing.T) { // R13
	c := new(Clipboard)
	c.BelongTo("first")
	c.SetContent("құпия")
	c.BelongTo("first")
	if got := c.Content(); got != "құпия" {
		t.Errorf("in the same attempt there is %q", got)
	}
	c.BelongTo("second")
	if got := c.Content(); got != "" {
		t.Errorf("the next candidate finds %q", got)
	}
	c.SetContent("x")
	c.Clear()
	if got := c.Content(); got != "" {
		t.Errorf("after Clear there is %q", got)
	}
	Inside().SetContent("y")
	if got := Inside().Content(); got != "y" {
		t.Errorf("what one field has copied another finds as %q", got)
	}
	Inside().Clear()
}
