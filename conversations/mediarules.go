package conversations

// MediaRules say which files a channel takes in one message of its carrier. What
// a message has beyond that goes in several.
type MediaRules struct {
	Count    int          // how many files
	Total    int64        // bytes of all files together
	Limits   []MediaLimit // by type; another type is not taken
	MaxText  int          // UTF-16 code units of the text beside a file; 0: text goes by itself
	TooLarge int          // the reference's code where a file is too large (errors.tsv)
	BadType  int          // likewise where the channel does not take its type
}

// MediaLimit is how large files of some types may be.
type MediaLimit struct {
	Types []string // content types without parameters; "image/*" is any image
	Bytes int64
}
