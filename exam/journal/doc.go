// Package journal keeps a log on disk: an append-only stream (package stream) in one file, or in two files in two places,
// written by one sequencer, acknowledged only when a disk has it, resumed from its last snapshot (R6, R11, R22).
//
// # File
//
//	bytes 0–8191        header of the stream, padded with zeros
//	bytes 8192–12287    hint, and
//	bytes 12288–16383   hint: where the last two snapshots stand
//	from byte 16384     frames, then zeros: room that was written ahead, so that a sync has no blocks to allocate
//
// A hint is "EMHINT01", the offset of a snapshot's frame, the checksum before it, the frame's number in the tree, the salt of
// its run, and the CRC-32C of all that. It is written after its snapshot is safe and needs no sync: a wrong or missing one
// only makes the next start read more. Both places hold the same bytes at the same offsets, except for hints and zeros.
//
// # Guarantee
//
// [Journal.Append] numbers records at once and returns without waiting. What is queued when a place is free becomes a group
// (group commit): one write, one fdatasync. As soon as one place has synced it, it is durable and acknowledged. What was
// acknowledged is there after the death of the process or of the computer, byte for byte. What was not may be lost: the
// group in the air and what was queued behind it, on a healthy disk some milliseconds of typing. What one call appended is
// there whole or not at all.
//
// Three things are beyond this: a disk that acknowledges a sync and loses it later; the loss of the only place that has the
// newest groups, before the other one has caught up, which includes a start while that place cannot be read at all; and damage
// to the last group of a journal that was not closed and has one place, which looks like a torn write. Closing writes a
// checkpoint as a group of its own, so that the group before it is known to have been safe.
//
// # What opening finds
//
// The file and its folder are synced first, and what the cache has kept is dropped: the run before may have died between a
// write and its sync, or after a sync that failed, and what opening calls durable is a promise as well.
//
// Frames are read from the last snapshot on. Behind the last whole unit there may be
//
//   - zeros: the journal was closed, or nothing was in the air;
//   - something else, but no group: the torn remains of the one write that was in the air. They are overwritten with zeros and
//     synced before anything follows them;
//   - a group that stands whole behind a place that is not: the disk has damaged what was safe.
//
// The last of these, a file smaller than it was made, an end before a snapshot that was safe, and a frame that the log's key
// does not open are damage. Then the file is made anew of whole frames from both places, the place that can be trusted first;
// the damaged one is put aside as FILE.damaged-1, and a place that is behind is brought up. A power cut in between leaves
// FILE.healed, with which the next start goes on. Where two whole files went different ways, since each was away in turn, the one
// whose last record is from the later run counts and the other is put aside; so is a file of another computer in the second
// place. Where no combination has all that was safe, [Open] returns a *DamagedError and leaves the files as they are; where a
// file that may not be written has records that no other place has, it returns that file's error. What to do then is for a
// person to decide.
//
// Damage before the last snapshot is not met by opening. What is asked for comes from the other place then, and
// [Journal.Verify], which a program calls once it runs, has the damaged file made anew; until there is room for that it goes
// on being written.
//
// # When a disk fails
//
// Each place has its own goroutine and fails by itself. After a failed write or sync the file is never written again, since
// the kernel may show pages that the disk does not have: the file is made anew under another name, out of the other place
// and of what its own old one safely has, synced, and renamed. A full disk is the exception, because nothing that was synced
// is in doubt: first the reserve of space is given up, then the same bytes go to the same place again as soon as there is
// room. A file of another log, or with records of its own, that stands where a place comes back is put aside, too, never
// overwritten. Groups that no place has stay in memory, and so does what one place lacks, up to 64 MiB; [Status] and
// [Options].OnPlace tell. Attempts are repeated after one second, two, four, up to one minute.
//
// # Creating
//
// A file is made under a temporary name, synced, read back, renamed, and its folder is synced: under its own name it is
// whole or not there.
//
// # Checkpoints
//
// A checkpoint is signed behind every entry that asks for one (a change of state), a minute after the first leaf that no
// checkpoint covers, and when the journal is closed. Countersignatures go into the stream by [Journal.PutCosigned].
// What each sort of tampering meets is in docs/sealed-log.md.
package journal
