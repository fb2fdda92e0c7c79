// Package stream is the form of a log as bytes: framed, checksummed, encrypted, hashed into a Merkle tree and signed. A journal
// (package journal) keeps such a stream on a disk; a sealed log (package sealed) carries it away.
//
// # Layout
//
//	stream  = header frame*
//	header  = "EMJRNL" 0x0D 0x0A version length fields checksum
//	fields  = id created wraps                                 what is not secret; see [Header]
//	frame   = kind flags length payload checksum               1, 1, 4, length and 4 bytes
//
// Numbers are big-endian. The version is one byte, 0x02. The header's length, 4 bytes, counts all of the header; id is 2 bytes
// of length and UTF-8; created is 8 bytes of Unix milliseconds; wraps is a count byte and for each wrapped key a byte of length
// and its sort, two bytes of length and its data (package vault). The header's checksum is the CRC-32C of all before it.
//
// A frame's checksum is the CRC-32C of the checksum before it (of the frame before, or of the header), of its kind, flags and
// length, and of its payload: it finds accidents, and frames that belong elsewhere. Kind 0 does not exist, so zeros end a
// stream.
//
//	kind  payload                                       leaf
//	'K'   salt ‖ run ‖ time ‖ verifier key              yes   a run of the program begins; the key signs its checkpoints
//	'R'   encrypted record                              yes   the n-th such frame is record n
//	'B'   encrypted blob                                yes   it stands before the record that names it by its SHA-256
//	'S'   encrypted ([State] ‖ the program's snapshot)  yes   a shortcut for resuming, never the truth
//	'C'   signed checkpoint                             no
//	'W'   checkpoint with countersignatures             no
//
// A run's salt has 16 bytes, its number, counted from 1, 4, and its time, Unix milliseconds by the computer's date, 8. A
// run's time is later than that of the run before. Of two copies that went different ways, the one whose last record was written
// by the later run is the one that the program went on with.
//
// Flag 1 ends a unit: what was appended in one call is there as far as a unit's end, or not at all. Flag 2 begins a group:
// the frames that were written together and made safe by one sync. All other bits are zero.
//
// # Secrecy
//
// Payloads are encrypted by XChaCha20-Poly1305 under the log's own key (R27). The nonce is the salt of the run and the number
// of the leaf, so that no nonce is used twice although a torn tail is written again: every run draws a new salt. Kind and
// flags are authenticated with it. Lengths and times of writing are not hidden.
//
// # Tree and checkpoints
//
// Leaf 0 is the header, the others are the frames marked above (kind, flags, length and payload), hashed as RFC 6962 has it
// (golang.org/x/mod/sumdb/tlog). A checkpoint is the text of https://c2sp.org/tlog-checkpoint in a signed note:
//
//	emtihan/log/ID
//	SIZE                                     leaves
//	ROOT                                     base64
//	time 2026-08-20T04:30:00.000Z            date of the computer that signed, UTC
//
// A 'W' frame repeats the text of an earlier checkpoint under signatures of witnesses as https://c2sp.org/tlog-cosignature has
// them (Ed25519). [Decoder] recomputes the tree and refuses a checkpoint that says otherwise or that the run's key did not
// sign. Whoever holds that key can sign anew; only what was countersigned or noted elsewhere is proof against him.
//
// # Compatibility
//
// What version 2 wrote stays readable. Version 1 was a bbolt file of unencrypted records and was never used in an exam.
package stream
