// Package journal keeps a log on disk: an append-only sequence of records in one bbolt file, written by one goroutine,
// acknowledged only after the disk has it, and hashed into a chain.
//
// # Layout
//
// A file holds three buckets.
//
//   - "meta": "format" (the text "emtihan-journal-1") and "id" (the name of the log, an attempt's UUID or a room's name).
//   - "records": the key is the record's number as eight big-endian bytes, from 1 without gaps; the value is the record's
//     bytes followed by 32 bytes of hash.
//   - "blobs": the key is the SHA-256 of the value; face frames and printed acts, which records name by that hash.
//
// # Chain
//
// The hash of record n is SHA-256(hash of record n−1 ‖ bytes of record n). The hash before the first is
// SHA-256("emtihan-journal-1\x00" ‖ id). bbolt has no checksum on its data pages, so a flipped bit is seen here or not
// at all: [Open] and [Journal.Verify] recompute the whole chain and the hash of every blob. Before that they follow every
// pointer of the file by bounded reads, since bbolt, its own check included, dies of pages that lie outside or in a ring.
//
// One damage cannot be told from a power cut: where the meta page in force is broken, bbolt takes the other one, and the
// journal ends with the last commit but one. Only a number or a head that was noted elsewhere shows that.
//
// # Guarantee
//
// [Journal.Append] gives records their numbers at once and returns without waiting. The writer takes everything that is
// queued into one transaction (group commit); its two fdatasync calls are bbolt's. Only then is the acknowledgement given.
// What was acknowledged is there after the death of the process or of the computer. What was not may be lost: the records
// of the commit in the air and those queued behind it, on a healthy disk some milliseconds of typing. A transaction is
// there whole or not at all, so a torn write never leaves half a record.
//
// # When the disk fails
//
// A failed commit is never retried on the open file. The writer closes it, opens and checks it anew, and appends what is
// still missing, again and again until it succeeds or the journal is closed; meanwhile records stay in memory, with their
// numbers, and [Status] says that they are not safe. Two things are beyond this guarantee: a disk that acknowledges a sync
// and loses it later, and a failed sync whose pages the kernel then shows as if they had been written.
//
// # Creating
//
// A new file is made under a temporary name, checked, synced, and renamed, and the folder is synced: a bbolt file whose
// first write met a full disk can kill the process that opens it next, so it must never stand under its final name.
// [Open] refuses files of fewer than four pages for the same reason and turns faults while reading into errors.
package journal
