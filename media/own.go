package media

import (
	"errors"
	"io/fs"
	"os"

	"bridged/conversations"
)

// Place is the path of a file below its directory, with slashes.
func Place(id conversations.MediaID) string { return place(id) }

// Own returns the names of what bridged keeps directly below the path of a directory,
// whoever else has put something there; none where there is no such directory.
func Own(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.Name() == ownerFile || e.IsDir() && len(e.Name()) == shardDigits && isHex(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}
