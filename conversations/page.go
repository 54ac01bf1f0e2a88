package conversations

// Page says which stretch of a list is wanted. Lists are cut by keyset: After
// and Before hold the cursor of the neighbouring entry, and at most one of them
// is set.
type Page struct {
	Size          int
	After, Before *Cursor
	Descending    bool
}

// Cursor is the place of one entry in the order of its list: a primary and a
// secondary key. The primary key of a list in the order of a text is Text.
type Cursor struct {
	Text         string
	Major, Minor int64
}

// Listing is one page of a list.
type Listing[T any] struct {
	Items []T
	// Next and Previous are the cursors to continue from in either direction,
	// nil where the list ends.
	Next, Previous *Cursor
}
