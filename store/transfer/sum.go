package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// sum is what is compared of a table: how many rows it has, and the sum of 128
// bits of each row's SHA-256, which does not depend on their order.
type sum struct {
	rows      int64
	high, low uint64
}

// add adds a row of nil, int64, string and []byte.
func (s *sum) add(row []any) {
	var encoded []byte
	for _, value := range row {
		switch v := value.(type) {
		case nil:
			encoded = append(encoded, 'n')
		case int64:
			encoded = binary.BigEndian.AppendUint64(append(encoded, 'i'), uint64(v))
		case string:
			encoded = append(binary.BigEndian.AppendUint64(append(encoded, 't'), uint64(len(v))), v...)
		case []byte:
			encoded = append(binary.BigEndian.AppendUint64(append(encoded, 'b'), uint64(len(v))), v...)
		}
	}
	digest := sha256.Sum256(encoded)
	var carry uint64
	s.low, carry = bits.Add64(s.low, binary.BigEndian.Uint64(digest[8:16]), 0)
	s.high, _ = bits.Add64(s.high, binary.BigEndian.Uint64(digest[:8]), carry)
	s.rows++
}

// String is for the operator.
func (s sum) String() string { return fmt.Sprintf("%d rows (%016x%016x)", s.rows, s.high, s.low) }
