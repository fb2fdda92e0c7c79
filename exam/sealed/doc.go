// Package sealed writes and checks the sealed log of one attempt: a single file, signed by the station, that shows whether one
// byte of it was changed, and where, to anybody (R22), and what is in it only to whoever has a key (R27).
//
// # Nouns
//
//   - A journal is the log on the station's disk (package journal). Its bytes are a stream (package stream): a header, and
//     frames that are encrypted, hashed into a tree, and signed from time to time by checkpoints.
//   - A sealed log is all of one stream as far as its last whole unit, and a seal, in one file, FILE.emlog. An attempt's, a
//     room's and the log of destructions are sealed alike.
//   - The seal is a text with counts, the root of the tree, and a digest of all that stands before it, signed with the key of
//     the station that seals (Ed25519).
//
// # Layout
//
//	file  = magic version stream seal
//	magic = "EMLOG" 0x0D 0x0A                    7 bytes; the line break shows a transfer as text
//	version = 0x02
//	seal  = 'Z' length note                      1 byte, 4 bytes big-endian, 1–4096 bytes
//
// docs/sealed-log.md specifies the whole file for others, and what each sort of attack meets; testdata/tampered has examples.
//
// # One file, one spelling
//
// A file that passes has no second spelling: the digest in the seal covers every byte before it, the seal's text is written
// again from what was understood and compared, and so is the signature line, since base64 leaves bits open in its last
// character. Ed25519 signatures themselves are unique under the checks of crypto/ed25519. Sealing the same journal with the
// same key and time gives the same bytes.
//
// # With a key and without
//
// [Verify] needs public keys only. It reads the file once, with one frame in memory, and says of a whole one which keys wrote
// it, how it was checkpointed, who countersigned it and, against a room's log, whether the room heard of more. With an opener
// (an identity of NCT, or the station's own vault) the content is authenticated frame by frame and read. Then a forged frame
// is named itself; without, a change behind repaired checksums is named by the two checkpoints between which it stands.
//
// # Caveats
//
// The seal says what the station's journal held when it was sealed, not that the journal was left alone before; for that there
// are checkpoints, and what others heard of them. A blob that records name and that is not there is reported by
// [Report.Missing]. All dates are the computers' own.
//
// # Versions
//
// Version 2 stays readable. Version 1 was not encrypted and never used in an exam; it is refused.
package sealed
