// Package vault holds the keys of a computer that keeps logs: one key signs, one wraps the keys of the logs.
//
// # Nouns
//
//   - The signing key (Ed25519, station.key and station.pub) signs seals and checkpoints, so that a changed byte shows (R22).
//   - The secret (32 random bytes, station.secret) opens the computer's own logs after a power cut, without network or people.
//   - A data key encrypts the content of one log (R27). Every log has its own; it is never written down unwrapped.
//   - A wrap is a data key, encrypted for somebody. Wraps are kept with the log and are no secret.
//   - A recipient is a public key of NCT, an identity the secret one to it; both are age's (https://age-encryption.org/v1).
//   - An opener is whoever turns wraps into a data key: a [Vault] by its secret, an [Identity], or [Any] of them.
//
// # Key management
//
// [Open] takes the signing key and the secret each from the first place that has it: a systemd credential, or the data folder.
// At the first start what is missing is made there, with mode 0600, and station.pub last of all. From then on station.pub says
// that there were keys: where one of them is gone, the station does not start, rather than go on with a new one under which
// its own logs do not open and NCT's copy of station.pub checks nothing. A file that is damaged, that others may read, or that
// belongs to another user is refused and never replaced, either: logs hang on it. Whoever wants new keys takes all three files
// away. There is no password, because nobody may have to type one before a candidate can go on.
//
// For a secret that never lies on the disk, `nct keygen --station-secret` prints the line of [GenerateSecret], which goes through
//
//	systemd-creds encrypt --with-key=tpm2 --name=emtihan-station.secret - FILE
//
// and the unit names it with LoadCredentialEncrypted=emtihan-station.secret:FILE. A secret that was in a file before should not
// be taken over but made anew: a solid-state disk may keep what was deleted. Logs under the old one then open for NCT only. So
// the change is made between two exams, and what is left of station.secret is deleted. A signing key that was in a file may be
// taken over: it reads nothing. It can also stay there, and must where logs are to be sealed away from the computer.
//
// # What a stolen disk shows
//
// Content here means what stands in the logs: answers, IIN, faces. That there are logs, their ids, wraps, sizes and dates, lies
// open in every case, and so does whatever else is on the disk: photographs for admission, printed acts, memory that the system
// swapped out.
//
//	where the secret is                      stolen                          what it shows
//	station.secret in the data folder        that disk                       everything
//	station.secret in the data folder        the second place alone          nothing
//	credential bound to the TPM              the disks                       nothing
//	credential bound to the TPM              the whole computer              what the computer shows to whoever starts it
//	credential encrypted by the host's key   the disk with /var/lib/systemd  everything
//	any                                      NCT's recipients                nothing; they are public
//	any                                      NCT's identity and a disk       everything wrapped for it
//
// So the default protects a USB stick and a copied log, not a stolen computer; `station check` says so by [Vault.Exposed]. Whoever
// takes the signing key can sign as the computer from then on, but read nothing by it.
//
// # What a wrap proves
//
// A wrap opens for the id with which it was made and for no other, so that the wraps of two logs cannot be exchanged. A station's
// wrap was made by somebody who had the secret. An age wrap proves nothing about its maker, since recipients are public: that a
// log is the station's own shows its signature.
//
// # Format
//
//	secret        = "EMTIHAN-STATION-SECRET-1+" check "+" base64(s)     s: 32 bytes; one line, standard alphabet, padded
//	check         = first 4 bytes of SHA-256("EMTIHAN-STATION-SECRET-1" 0x00 ‖ s), hex
//	wrap "station" = nonce (24 bytes) ‖ XChaCha20-Poly1305(key s, nonce, additional data D ‖ id, plaintext data key)    72 bytes
//	                 D = "emtihan log key, station, 1" 0x00
//	wrap "age"     = age file, binary, of D ‖ id ‖ data key
//	                 D = "emtihan log key, age, 1" 0x00
//
// Random nonces of 24 bytes do not meet in any number of logs that a computer can hold.
//
// # How NCT changes its key
//
// [GenerateIdentity] makes the new pair. The new recipient is added beside the old one at the stations (of the same sort; from
// X25519 to hybrid it takes the old one's place), and the new secret key as a further line to the identity file. After the exams
// under way have ended the old recipient is taken out; the old secret key is destroyed when the last log that was wrapped for it
// is past its time (R27). Where a secret key became known, its recipient goes at once; logs that the finder has already stay open
// to the finder, whatever is done later.
//
// # Backwards compatibility
//
// What a released version has wrapped, every later one opens; testdata/vectors.txt holds examples of every sort. A change gets a
// new name of a sort or a new number of a secret. Sorts that a version does not know are passed over, so that an older program
// opens a newer log where it has any wrap that it knows; a secret of an unknown number is refused and left alone.
package vault
