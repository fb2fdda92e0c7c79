package processing

import (
	"math"
	"strings"
)

// TypedNumber makes the record that a text interaction fills when its response variable is a record: how a number was typed, not only
// its value. Its fields are those of the standard (stringInteraction): stringValue, floatValue, and, where they apply, integerValue,
// leftDigits, rightDigits, ndp (digits after the point), nsf (significant figures), exponent. Text that is no number has stringValue
// alone; no text is NULL.
func TypedNumber(text string) Value {
	s, err := ParseScalar(String, text)
	if err != nil || s.S == "" {
		return Null
	}
	fields := map[string]Value{"stringValue": One(s)}
	v := Value{Card: Record, Fields: fields}
	x, ok := parseFloat(s.S)
	if !ok {
		return v
	}
	fields["floatValue"] = Num(x)
	plain := strings.ToLower(strings.Replace(plainMinus.Replace(s.S), ",", ".", 1))
	mantissa, exponent, scientific := strings.Cut(strings.TrimLeft(plain, "+-"), "e")
	left, right, _ := strings.Cut(mantissa, ".")
	whole := x == math.Trunc(x) && math.Abs(x) < 1<<53
	if whole && !scientific && right == "" {
		fields["integerValue"] = Int(int64(x))
	}
	if scientific {
		if e, ok := parseInt(exponent); ok {
			fields["exponent"] = Int(e)
			if whole && e >= 0 {
				fields["integerValue"] = Int(int64(x))
			}
		}
	}
	figures := len(strings.TrimLeft(left+right, "0"))
	if right == "" {
		figures = len(strings.TrimLeft(left, "0"))
		if !scientific {
			figures = len(strings.Trim(left, "0"))
		}
	}
	fields["leftDigits"] = Int(int64(len(left)))
	fields["rightDigits"] = Int(int64(len(right)))
	fields["ndp"] = Int(int64(len(right)))
	fields["nsf"] = Int(int64(figures))
	return v
}
