package pgserver

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func nowhere(string) (string, error) { return "", exec.ErrNotFound }

func TestWithoutPostgreSQLTheErrorSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	_, err := binaries(nowhere, filepath.Join(t.TempDir(), "*"))
	require.ErrorIs(t, err, errMissing)
	require.ErrorContains(t, err, "install Debian's package postgresql")
}

func TestTheNewestBinariesAreTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, version := range []string{"9", "15", "13"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, version, "bin", "initdb"), 0o700))
	}
	bin, err := binaries(nowhere, filepath.Join(dir, "*", "bin", "initdb"))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "15", "bin"), bin)
}

// Another server on the port is not taken for one's own, and the next port is tried.
func TestAPortThatIsTakenIsLeft(t *testing.T) {
	t.Parallel()
	other, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, other.Close()) }()
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	require.NoError(t, s.Stop())
	free := s.port

	taken := func(context.Context) (int, error) { return other.port, nil }
	require.ErrorIs(t, s.listen(t.Context(), taken), errEnded)
	tries := 0
	require.NoError(t, s.listen(t.Context(), func(ctx context.Context) (int, error) {
		if tries++; tries == 1 {
			return taken(ctx)
		}
		return free, nil
	}))
	assert.Equal(t, 2, tries)
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = os.Stat(s.dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
}
