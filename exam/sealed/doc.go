// Package sealed writes and checks the sealed log of one attempt: a single file, signed by the station, that shows whether
// one byte of it was changed, and where (R22).
//
// # Nouns
//
//   - A journal is the log on the station's disk (package journal): an id, records and blobs.
//   - A sealed log is all of one journal in one file, FILE.emlog. An attempt's journal and a room's are sealed alike.
//   - A section is one framed part of the file: the header, a record, a blob, or the seal.
//   - A record is one event with its number and stamp, in deterministic CBOR, as [exam.EncodeRecord] writes it.
//   - A blob is a picture or a printed act that records name by its SHA-256.
//   - The chain is the hash that each record continues: hash n = SHA-256(hash n−1 ‖ record n), hash 0 = [journal.Genesis] of
//     the id.
//   - The seal is a text with counts and digests of all that stands before it, signed with the station's key (Ed25519).
//
// # Layout
//
//	file    = magic header record* blob* seal
//	magic   = "EMLOG" 0x0D 0x0A version          8 bytes; the version is 0x01
//	section = type length payload                1 byte, 4 bytes big-endian, length bytes
//
//	section  type  payload                                               length
//	header   'H'   hash 0 (32 bytes) ‖ id of the journal (UTF-8)         33–288
//	record   'R'   hash n (32 bytes) ‖ CBOR of record n, from n = 1      33–16 MiB
//	blob     'B'   SHA-256 of the rest (32 bytes) ‖ bytes                32–64 MiB
//	seal     'S'   signed note (golang.org/x/mod/sumdb/note)             1–4096
//
// Records stand in the order of their numbers, without gaps; blobs in the ascending order of their hashes, each once.
// Nothing follows the seal. The line break in the magic shows a file that went through a transfer as text.
//
// The text of the seal has nine lines in this order, each ended by a line feed:
//
//	emtihan-emlog-1
//	id ID                                        as in the header
//	records N                                    decimal
//	head HASH                                    hash N in hex; hash 0 where there is no record
//	blobs N                                      decimal
//	bytes N                                      length of all that stands before the seal's type byte
//	digest HASH                                  SHA-256 of those bytes in hex
//	sealed 2026-08-20T04:30:00.000Z              date of the computer that sealed, UTC
//	key NAME+HASH+KEY                            the note verifier key of the signature
//
// An empty line and exactly one signature line, by that key, follow, as the note format has it.
//
// # One file, one spelling
//
// A file that passes has no second spelling: integers and dates are written again from what was understood and compared,
// records are encoded again and compared, and so is the signature line, since base64 leaves bits open in its last
// character. Ed25519 signatures themselves are unique under the checks of crypto/ed25519. Sealing the same journal with the
// same key and time gives the same bytes.
//
// # What a check says
//
// [Verify] reads the file once, in memory of the size of one section. Every section carries the hash of its own content, so
// the first change is named with its section, number and byte offset; the digest in the seal then covers type and length
// bytes, order and counts. Whoever can compute hashes can repair the chain behind a change; then the place can no longer be
// told and the seal is named. Whoever has a key of their own can also sign anew: against that only the comparison with the
// station's public key helps, which must have come by another way than the file.
//
// # Caveats
//
// The seal says what the station's journal held when it was sealed. It does not say that the journal was left alone before;
// a blob that records name but that is not there is reported by [Report.Missing]. The date in the seal is the computer's own.
//
// # Versions
//
// Version 1 is signed, not encrypted: whoever has the file can read it (R27). A version that encrypts the sections will carry
// another version byte and another first line of the seal. Version 1 stays readable.
package sealed
