package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestDrawMoment(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(600) {
		creates := seed%2 == 0
		m := drawMoment(rand.New(rand.NewPCG(seed, 1)), creates)
		if m != drawMoment(rand.New(rand.NewPCG(seed, 1)), creates) {
			t.Fatal("a seed does not repeat a moment")
		}
		if m.phase == inCreation && !creates {
			t.Error("a cut waits for a creation that never comes")
		}
		if m.commands < 0 || m.after < 0 || m.after > 3*time.Second || m.commands == 0 && m.after == 0 {
			t.Errorf("%+v", m)
		}
		how := "clock"
		if m.commands > 0 {
			how = "command"
		}
		seen[m.phase+" by "+how]++
	}
	for _, phase := range []string{inRecovery, inCreation, inTyping} {
		for _, how := range []string{"clock", "command"} {
			if seen[phase+" by "+how] == 0 {
				t.Errorf("no cut in %s by %s: %v", phase, how, seen)
			}
		}
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		micros []int64
		q      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]int64{7000}, 0.99, 7},
		{[]int64{3000, 1000, 2000}, 0.5, 2},
		{[]int64{1000, 2000}, 1, 2},
	} {
		if got := quantile(c.micros, c.q); got != c.want {
			t.Errorf("quantile %v of %v: %v, want %v", c.q, c.micros, got, c.want)
		}
	}
}
