// A Modbus RTU slave at 9600 8N1, made of npm modbus-serial: its framing, its exceptions, its CRC. The test in whose folder
// it lies starts it with the path of a port, and tells it by lines of JSON on stdin how the room changes; each is answered by "ok".
//
// Unit 1 has the registers of a Wiren Board module, unit 2 those of an ОВЕН МВ110; both refuse what they do not have. Unit 3
// has inputs only and keeps silent about everything else, as real modules do too. No other unit is on the line.
"use strict";

const readline = require("readline");
const { ServerSerial } = require("modbus-serial");
const crc16 = require("modbus-serial/utils/crc16");

const units = {
	1: { inputs: Array(16).fill(false), counters: [0, 0] },
	2: { inputs: Array(16).fill(false), counters: [0, 0] },
	3: { inputs: Array(16).fill(false), ignorant: true },
};

// What is done to every answer on its way out: "" nothing, "crc" or "unit" a wrong one.
let spoil = "";

const illegalFunction = 1;
const illegalAddress = 2;

// A callback of the package that is never called is a slave that never answers.
function answer(number, callback, find) {
	const unit = units[number];
	if (!unit || unit.mute) return;
	if (unit.refusing) return callback(new Error("broken"));
	const found = find(unit);
	if (!found.refusal) return callback(null, found.value);
	if (!unit.ignorant) callback({ modbusErrorCode: found.refusal });
}

function at(values, index) {
	return values && index in values ? { value: values[index] } : { refusal: illegalAddress };
}

const vector = {
	getCoil: (address, unit, callback) => answer(unit, callback, () => ({ refusal: illegalFunction })),
	getDiscreteInput: (address, unit, callback) =>
		answer(unit, callback, (u) => (unit === 2 ? { refusal: illegalFunction } : at(u.inputs, address))),
	getInputRegister: (address, unit, callback) =>
		answer(unit, callback, (u) => (unit === 1 ? at(u.counters, address - 1250) : { refusal: illegalFunction })),
	getHoldingRegister: (address, unit, callback) =>
		answer(unit, callback, (u) => {
			if (unit !== 2) return { refusal: illegalAddress };
			if (address !== 51) return at(u.counters, address - 64);
			return { value: u.inputs.reduce((mask, on, input) => mask | (on << input), 0) };
		}),
};

const server = new ServerSerial(
	vector,
	{
		path: process.argv[2],
		baudRate: 9600,
		parity: "none",
		unitID: 255, // every unit: the vector knows which there are
		portResponse: { write: send },
		openCallback: (error) => (error ? fail(error.message) : console.log("ready")),
	},
	{ dataBits: 8, stopBits: 1 },
);

function send(frame) {
	if (spoil === "unit") {
		frame[0] += 100;
		frame.writeUInt16LE(crc16(frame.subarray(0, -2)), frame.length - 2);
	}
	if (spoil === "crc") frame[frame.length - 1] ^= 0x40;
	server.getPort().write(frame);
}

function fail(why) {
	console.log(why);
	process.exit(1);
}

// The package puts its own CRC over that of a request before it compares them, and so would answer a master that cannot
// count. Every request that this slave is asked has eight bytes.
let heard = Buffer.alloc(0);
server.getPort().on("data", (bytes) => {
	heard = Buffer.concat([heard, bytes]);
	for (; heard.length >= 8; heard = heard.subarray(8)) {
		const request = heard.subarray(0, 8);
		if (crc16(request.subarray(0, 6)) !== request.readUInt16LE(6)) fail("a request with a wrong CRC: " + request.toString("hex"));
	}
});

const commands = readline.createInterface({ input: process.stdin });
commands.on("line", (line) => {
	const { unit, ...change } = JSON.parse(line);
	if (unit) Object.assign(units[unit], change);
	else spoil = change.spoil;
	console.log("ok");
});
commands.on("close", () => process.exit(0));
