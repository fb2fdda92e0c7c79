package station

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"emtihan/exam"
	"emtihan/exam/journal"
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
	paths, err := filepath.Glob(filepath.Join(opt.Data, "attempts", "*", "*.journal"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v", paths, err)
	}
	r, err := journal.OpenReader(paths[0], openVault(t, opt))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Records(func(_ uint64, data []byte) error {
		out = append(out, data...)
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		var sum []byte
		switch e := rec.Event.(type) {
		case exam.Opened:
			sum = e.Photo
		case exam.FaceChecked:
			sum = e.Frame
		case exam.PresenceChanged:
			sum = e.Frame
		case exam.PresenceSeen:
			sum = e.Frame
		}
		if len(sum) == 0 {
			return nil
		}
		blob, err := r.Blob(journal.Hash(sum))
		out = append(out, blob...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if snapshot, _ := r.Snapshot(); snapshot != nil {
		out = append(out, snapshot...)
	}
	return out
}
