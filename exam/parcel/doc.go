// Package parcel seals an exam for its way to the stations: one file that anybody can check and nobody can read before NCT gives
// the release key out (R22, R27).
//
// # Nouns
//
//   - A parcel, FILE.emparcel, holds a profile, a paper and the paper's media. It is signed by NCT, and its content is encrypted.
//   - The outer part is a signed text that everybody may read: which exam, from when until when, who signed, how many tasks, and
//     the digest of the content as it lies there, encrypted. It says nothing of the content itself, except the title.
//   - The release key opens one parcel. It is 25 signs that can be read out by telephone and typed, see [ReleaseKey].
//
// # Layout
//
//	file   = "EMPARCL" 0x0D 0x0A ‖ version ‖ length ‖ note ‖ content
//	version = 0x01
//	length  = of the note, 4 bytes, big-endian, 1–65536
//	content = age file, binary, one scrypt stanza; its passphrase is the release key as it is printed
//
// docs/exam-package.md specifies the whole for others, and says who holds what when.
//
// # Order of the checks
//
// [Inspect] says, in this order: that it is no parcel, of another version, changed, cut off, signed by somebody else, not valid yet, or
// not valid any more. [Open] says all that and then: that the release key is another parcel's, or wrong; that the content is not what
// this version writes; that a medium is missing or different. Each has a [Code] of its own.
//
// # One file, one spelling
//
// The signed text is written again from what was understood and compared, and so is the line of the signature; it has the digest of all
// that follows. So a file with any changed bit is refused, before its content is decrypted.
//
// # Where the content goes
//
// Into memory, and nowhere else: this package makes no files. The content is not compressed, so that nothing in it can grow.
//
// # Versions
//
// Version 1 stays readable.
package parcel
