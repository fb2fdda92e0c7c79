package main

import (
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
)

// Every way in which a package is opened has words of its own, with the package and the time.
func TestWordsAboutReleases(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for _, l := range locales.All {
		e := &env{lang: l, zone: time.UTC}
		said := map[string]bool{e.words(exam.RunStarted{Software: "1.0.0", Host: "pc-12"}): true}
		for _, m := range []exam.ReleaseMeans{exam.ReleaseTyped, exam.ReleaseScanned, exam.ReleaseKept} {
			s := e.words(exam.RunStarted{Software: "1.0.0", Host: "pc-12", Released: exam.Released{Parcel: "items " + sum, Means: m, ReleasedAt: 1786939200123}})
			for _, f := range []string{"1.0.0", "pc-12", "items " + sum, "2026-08-17 04:00:00"} {
				if !strings.Contains(s, f) {
					t.Errorf("%s: %q does not say %q", l, s, f)
				}
			}
			if said[s] || strings.Contains(s, "[nct.") {
				t.Errorf("%s: %q has no words of its own for %q", l, s, m)
			}
			said[s] = true
		}
	}
}

// Every place and state of StorageChanged, and every kind of log that Purged names, has words of its own.
func TestWordsAboutLogs(t *testing.T) { // R11, R22, R27
	var events []exam.Event
	for _, p := range []string{exam.StorageFirst, exam.StorageSecond} {
		for _, s := range []string{
			exam.StorageOnline, exam.StorageFailed, exam.StorageAbsent, exam.StorageRebuilt, exam.StorageSpaceShort, exam.StorageQuarantined,
		} {
			events = append(events, exam.StorageChanged{Place: p, State: s, Detail: "EIO\x1b"})
		}
	}
	for _, k := range []string{exam.LogOfAttempt, exam.LogOfRoom} {
		events = append(events, exam.Purged{Log: "0190", LogKind: k, Session: "s-1", Size: 12345, Root: []byte{0xab, 0xcd}, Ended: 1786939200123, KeepDays: 92, By: "Сәуле", Files: 3})
	}
	events = append(events, exam.CheckpointHeard{Station: "st-7", Attempt: "0190", Size: 77, Root: []byte{0xab, 0xcd}, Note: "note"}, exam.PurgeLogOpened{Name: "Астана"})
	for _, l := range locales.All {
		e := &env{lang: l, zone: time.UTC}
		said := make(map[string]bool)
		for _, ev := range events {
			s := e.words(ev)
			var facts, codes []string
			switch ev := ev.(type) {
			case exam.StorageChanged:
				facts, codes = []string{"(EIO·)"}, []string{" " + ev.Place + " ", ": " + ev.State + " "}
			case exam.Purged:
				facts, codes = []string{"0190", "s-1", "12345", "abcd", "2026-08-17", "92", "Сәуле", "3"}, []string{" " + ev.LogKind + " 0190"}
			case exam.CheckpointHeard:
				facts = []string{"st-7", "0190", "77", "abcd"}
			case exam.PurgeLogOpened:
				facts = []string{"Астана"}
			}
			for _, f := range facts {
				if !strings.Contains(s, f) {
					t.Errorf("%s: %q does not say %q", l, s, f)
				}
			}
			for _, c := range codes {
				if l != locales.English && strings.Contains(s, c) { // in English some words are their codes
					t.Errorf("%s: %q has the bare code %q", l, s, c)
				}
			}
			if said[s] {
				t.Errorf("%s: %q is said of two events", l, s)
			}
			said[s] = true
		}
	}
}
