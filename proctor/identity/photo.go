package identity

// PhotoReport says whether a picture can serve as a registered photo (R7).
type PhotoReport struct {
	// Usable: Enroll takes it, and the verdicts of checks with it can be relied on.
	Usable bool
	// Reasons say why not, the gravest first: BadPhoto, NoFace, ManyFaces,
	// TooSmall, CutOff, TooDark, TooBright, Turned, Blurred. Empty where Usable.
	Reasons []Reason
	// Warnings are what a better photo would not have; the photo can be used.
	// Beside the reasons above they are OneSided and Occluded.
	Warnings []Reason
	Faces    int   // in the picture
	Side     int   // of the face, pixels; 0 without one
	Pose     Pose  // of the head; the zero Pose without a face
	Err      error // what Enroll says of it, or nil
}

// BadPhoto is the reason of a file that is no picture, or of an impossible
// size. It comes from PhotoCheck only.
const BadPhoto Reason = "bad-photo"

// advisedSide is the face that a registered photo should have: with smaller
// ones the similarity of the test stills falls.
const advisedSide = 90

// PhotoCheck looks at a registered photo the day before the exam, when it can
// still be replaced. It gives a report for any input. Err wraps ErrBadImage,
// ErrNoFace or ErrManyFaces, or is ErrClosed, when the photo was not judged.
func (v *Verifier) PhotoCheck(photo []byte) PhotoReport { return v.Still(photo).Report }

func (v *Verifier) inspect(photo []byte) (Still, *view) {
	src, err := decodeStill(photo)
	if err != nil {
		return Still{Report: PhotoReport{Reasons: []Reason{BadPhoto}, Err: err}, err: err}, nil
	}
	w, err := v.look(src, true)
	if err != nil {
		return Still{Report: PhotoReport{Err: err}, err: err}, nil
	}
	r := PhotoReport{Faces: len(w.faces), Side: int(w.box().w), Pose: w.pose, Err: w.unusable()}
	if r.Err != nil {
		r.Reasons = []Reason{w.hint}
		return Still{Report: r, err: r.Err}, nil
	}
	for _, why := range w.faults {
		// What the similarity of stills was seen to survive is only advice.
		if why == OneSided || why == Occluded {
			r.Warnings = append(r.Warnings, why)
		} else {
			r.Reasons = append(r.Reasons, why)
		}
	}
	if r.Side < advisedSide {
		r.Warnings = append(r.Warnings, TooSmall)
	}
	r.Usable = len(r.Reasons) == 0
	return Still{Template: Template{vec: w.vec}, Report: r}, w
}
