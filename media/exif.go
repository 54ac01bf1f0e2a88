package media

import (
	"encoding/binary"
	"io"
)

// tagOrientation is the only tag of EXIF that says how to show a picture.
const tagOrientation = 0x0112

// orientation reads the orientation out of EXIF, which has the form of a TIFF
// file: 1 to 8, and 1, upright, where there is none.
func orientation(exif []byte) int {
	order, first := tiffHeader(exif)
	if order == nil || first > uint32(len(exif))-2 {
		return 1
	}
	return directoryOrientation(exif[first:], order)
}

// tiffHeader says in which order the bytes of numbers are, nil when it is no
// TIFF, and where the first directory of tags is.
func tiffHeader(b []byte) (binary.ByteOrder, uint32) {
	if len(b) < 8 {
		return nil, 0
	}
	switch string(b[:4]) {
	case "II*\x00":
		return binary.LittleEndian, binary.LittleEndian.Uint32(b[4:])
	case "MM\x00*":
		return binary.BigEndian, binary.BigEndian.Uint32(b[4:])
	}
	return nil, 0
}

// directoryOrientation looks for the tag in a directory: the number of tags, and
// twelve bytes for each.
func directoryOrientation(b []byte, order binary.ByteOrder) int {
	if len(b) < 2 {
		return 1
	}
	for n, b := int(order.Uint16(b)), b[2:]; n > 0 && len(b) >= 12; n, b = n-1, b[12:] {
		if order.Uint16(b) != tagOrientation {
			continue
		}
		if o := int(order.Uint16(b[8:])); o >= 1 && o <= 8 {
			return o
		}
		return 1
	}
	return 1
}

// tiffOrientation is the orientation of a TIFF file.
func tiffOrientation(file io.ReadSeeker) int {
	head := make([]byte, 8)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 1
	}
	if _, err := io.ReadFull(file, head); err != nil {
		return 1
	}
	order, first := tiffHeader(head)
	if order == nil {
		return 1
	}
	if _, err := file.Seek(int64(first), io.SeekStart); err != nil {
		return 1
	}
	directory := make([]byte, 4096)
	n, _ := io.ReadFull(file, directory)
	return directoryOrientation(directory[:n], order)
}

// exifOf is EXIF that says nothing but an orientation; nil for an upright picture.
func exifOf(o int) []byte {
	if o == 1 {
		return nil
	}
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, // the directory follows at once
		0, 1, // it has one tag
		tagOrientation >> 8, tagOrientation & 0xff, 0, 3, 0, 0, 0, 1, 0, byte(o), 0, 0, // which is one number of 16 bits
		0, 0, 0, 0, // and no other directory follows
	}
}
