package media

import (
	"encoding/binary"
	"math"
)

// cursor reads numbers out of the content of a box. After the end there are zeros, and
// short says so.
type cursor struct {
	left  []byte
	end   int64 // where in the file the content ends
	short bool
}

// at is where in the file the next byte is.
func (c *cursor) at() int64 { return c.end - int64(len(c.left)) }

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.left) {
		c.left, c.short = nil, true
		return make([]byte, max(min(n, 8), 0))
	}
	b := c.left[:n]
	c.left = c.left[n:]
	return b
}

// number reads n bytes, 8 at most.
func (c *cursor) number(n int) uint64 {
	var b [8]byte
	copy(b[8-n:], c.bytes(n))
	return binary.BigEndian.Uint64(b[:])
}

// box reads the next inner box; ok is false behind the last one.
func (c *cursor) box() (kind string, content *cursor, ok bool) {
	size := int(c.number(4))
	kind = string(c.bytes(4))
	if size == 0 {
		size = len(c.left) + 8
	}
	content = &cursor{left: c.bytes(size - 8), end: c.at()}
	return kind, content, !c.short
}

// text reads to the next zero byte.
func (c *cursor) text() string {
	for n, b := range c.left {
		if b == 0 {
			t := string(c.left[:n])
			c.left = c.left[n+1:]
			return t
		}
	}
	c.short = true
	return ""
}

// extent is a piece of the file.
type extent struct{ from, to int64 }

// origin is where the file of a HEIC or AVIF picture says where, when and by whom it
// was taken: in its items of EXIF and of XMP (ISO/IEC 23008-12). How the picture is to
// be turned is elsewhere.
type origin struct {
	isPicture bool     // false: the box belongs to none
	types     []int64  // where in the file the types of these items are, of four bytes each
	extents   []extent // what the items consist of
}

// originOf reads the content, which begins at this byte of the file, of the box that
// tells of a picture's parts.
func originOf(content []byte, at int64) (o origin) {
	meta := &cursor{left: content, end: at + int64(len(content))}
	meta.number(4) // version and flags
	items := make(map[uint64]bool)
	var places *cursor
	for {
		kind, inner, ok := meta.box()
		if !ok {
			break
		}
		switch kind {
		case "hdlr":
			inner.number(8)
			o.isPicture = string(inner.bytes(4)) == "pict"
		case "iinf":
			o.types = append(o.types, originItems(inner, items)...)
		case "iloc":
			places = inner
		}
	}
	if places != nil && len(items) > 0 {
		o.extents = itemExtents(places, items)
	}
	return o
}

// originItems notes the numbers of the items of EXIF and XMP in a list, and says where
// their types are.
func originItems(list *cursor, found map[uint64]bool) (types []int64) {
	count := 2
	if list.number(1) > 0 {
		count = 4
	}
	list.number(3)
	list.number(count)
	for {
		kind, item, ok := list.box()
		if !ok {
			return types
		}
		version := item.number(1)
		item.number(3)
		if kind != "infe" || version < 2 {
			continue
		}
		width := 2
		if version > 2 {
			width = 4
		}
		id := item.number(width)
		item.number(2) // protection
		at := item.at()
		of := string(item.bytes(4))
		item.text() // its name
		if of == "Exif" || of == "mime" && item.text() == "application/rdf+xml" {
			found[id] = true
			types = append(types, at)
		}
	}
}

// itemExtents are the pieces of the file that some items consist of.
func itemExtents(list *cursor, items map[uint64]bool) (extents []extent) {
	version := list.number(1)
	list.number(3)
	widths := list.number(2)
	offset, length, base, index := int(widths>>12), int(widths>>8&15), int(widths>>4&15), int(widths&15)
	if offset > 8 || length > 8 || base > 8 || index > 8 {
		return nil
	}
	id := 2
	if version == 2 {
		id = 4
	}
	for count := list.number(id); count > 0 && !list.short; count-- {
		item, method := list.number(id), uint64(0)
		if version > 0 {
			method = list.number(2) & 15
		}
		list.number(2) // in which file
		start := list.number(base)
		for pieces := list.number(2); pieces > 0 && !list.short; pieces-- {
			if version > 0 {
				list.number(index)
			}
			from, size := start+list.number(offset), list.number(length)
			// Method 0 counts from the beginning of the file, which is how cameras write.
			if items[item] && method == 0 && !list.short && from < math.MaxInt64/2 && size < math.MaxInt64/2 {
				extents = append(extents, extent{from: int64(from), to: int64(from + size)})
			}
		}
	}
	return extents
}
