// Package exam holds the rules of an exam, and nothing else: who may sit it, what an attempt is, what may happen in it and when.
//
// An attempt is a fold over its events. A [Command] says what somebody wants; [Attempt.Decide] answers with the events that
// follow from it, or with a [Refusal]; [Attempt.Apply] folds one event into the next state. All three are pure: no clock, no
// disk, no goroutine, no window and no device. The time comes in as a [Stamp], made by the caller. [Attempt.Snapshot] saves the
// fold so far, so that resuming need not begin at the first event.
//
// Whatever a rule leaves open (minutes, limits, which checks are asked for) is data in a [Profile]. What is asked of the
// candidate is a [Paper]. Who is expected, and who may decide, is a [Session].
package exam
