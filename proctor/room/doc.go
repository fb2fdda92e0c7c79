// Package room is the room as its administrators see it: one log of what devices, stations and administrators said and did,
// the state that follows from it, and the link over which the stations speak.
//
// # Log
//
// The room's log is a journal (package journal) in DIR/room/SESSION.journal. Devices write DetectorRead and DoorRead,
// acts ActDrawn, refused codes CodeRefused. Everything else is StationSaid; see [Saying] for what its Detail holds.
// The administrators' computer speaks as the station [Desk], so that their own deeds stand in the same log (R21).
//
// # Link
//
// Stations connect to a Unix socket on the administrators' computer. Each message is its length as four big-endian bytes,
// from 1 to [MaxMessage], and as many bytes of CBOR. The station begins with hello (protocol version, station, run of the
// program, attempt), the room answers with welcome or with a refusal and its reason. Then notices flow to the room, which
// acknowledges them once the disk has them, and acts flow to the station, which acknowledges each after its callback
// returned. What is not acknowledged is sent again after a reconnection. Each notice stands in the room's log with the run
// and the number under which the station said it, and one that stands there already is dropped: a notice is recorded once,
// and in order, however often the room's program is started again. What a station has not got acknowledged when its own
// program ends stands in the attempt's log only.
//
// Orders flow to every station and are not acknowledged: the last one stands, and is said again at each reconnection and for
// each new attempt. Its number, that of its record in the room's log, goes into the log of each attempt that obeys it, so
// that none obeys it twice; see [Order.Command].
//
// A peer that sends something else, announces a message that is too long, starts one and does not end it within
// [PeerTimeout], or does not read, is disconnected. Neither side waits for the other: a station goes on without the room.
package room
