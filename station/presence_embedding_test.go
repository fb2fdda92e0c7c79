package station

import (
	"encoding/binary"
	"math"
	"reflect"
	"strconv"
	"testing"

	"emtihan/exam"
	"emtihan/proctor/identity"
)

// written returns the ways in which three numbers of an embedding could be written in a row.
func written(template identity.Template) [][]byte {
	vec := reflect.ValueOf(template).FieldByName("vec")
	var f32, f32be, f64, f64be, cbor32, cbor64 []byte
	for i := range 3 {
		x := vec.Index(100 + i).Float()
		f32 = binary.LittleEndian.AppendUint32(f32, math.Float32bits(float32(x)))
		f32be = binary.BigEndian.AppendUint32(f32be, math.Float32bits(float32(x)))
		f64 = binary.LittleEndian.AppendUint64(f64, math.Float64bits(x))
		f64be = binary.BigEndian.AppendUint64(f64be, math.Float64bits(x))
		cbor32 = binary.BigEndian.AppendUint32(append(cbor32, 0xfa), math.Float32bits(float32(x)))
		cbor64 = binary.BigEndian.AppendUint64(append(cbor64, 0xfb), math.Float64bits(x))
	}
	text := strconv.AppendFloat(nil, vec.Index(100).Float(), 'f', 8, 64)
	return [][]byte{f32, f32be, f64, f64be, cbor32, cbor64, text}
}

// opened returns all records and blobs of the attempt's log as they lie under its encryption.
func opened(t *testing.T, opt Options) (out []byte) {
	t.Helper()
	r := readLog(t, opt, func(data []byte, _ exam.Event, blob []byte) {
		out = append(append(out, data...), blob...)
	})
	defer r.Close()
	if snapshot, _ := r.Snapshot(); snapshot != nil {
		out = append(out, snapshot...)
	}
	return out
}
