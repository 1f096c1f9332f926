package subprotocol

// field is what a request may have. JSON frames name it, protobuf numbers it.
type field uint8

const (
	fieldType field = iota
	fieldGroup
	fieldEvent
	fieldAckID
	fieldNoEcho
	fieldDataType
	fieldData
	fieldTTL
	fieldMetadata
	fieldStream
	fieldSequence
	fieldInvocation
	fieldTarget

	fieldCount
)

var fieldNames = [fieldCount]string{
	fieldType:       "type",
	fieldGroup:      "group",
	fieldEvent:      "event",
	fieldAckID:      "ackId",
	fieldNoEcho:     "noEcho",
	fieldDataType:   "dataType",
	fieldData:       "data",
	fieldTTL:        "ttlSeconds",
	fieldMetadata:   "metadata",
	fieldStream:     "stream",
	fieldSequence:   "sequenceId",
	fieldInvocation: "invocationId",
	fieldTarget:     "target",
}

func (f field) String() string { return fieldNames[f] }

// fieldOf returns fieldCount for a name that means nothing here.
func fieldOf(name []byte) field {
	for f := range fieldCount {
		if string(name) == fieldNames[f] {
			return f
		}
	}
	return fieldCount
}
