package detector

// ParseASCII is the parser of answers, for the fuzzer.
func ParseASCII(c ASCIIConfig, received []byte) (alarms uint32, ok bool) { return c.parse(received) }
