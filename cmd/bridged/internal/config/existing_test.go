package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
)

// It works in a directory of its own, so it cannot run beside others.
func TestExisting(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	_, err := config.Existing("", nil)
	require.ErrorIs(t, err, config.ErrNoInstallation)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing is made")

	made, err := config.Open("", nil)
	require.NoError(t, err)
	found, err := config.Existing("", nil)
	require.NoError(t, err)
	assert.Equal(t, made.Account.SID, found.Account.SID)
	assert.False(t, found.FirstStart)

	file := filepath.Join(dir, "bridged.toml")
	require.NoError(t, os.WriteFile(file, []byte("[account]\nsid = \"AC00000000000000000000000000000000\"\nauth_token = \"t\"\n"), 0o600))
	for _, path := range []string{"", file} {
		found, err = config.Existing(path, nil)
		require.NoError(t, err)
		assert.Equal(t, "AC00000000000000000000000000000000", found.Account.SID)
	}
	_, err = config.Existing("none.toml", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}
