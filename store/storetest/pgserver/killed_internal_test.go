package pgserver

import (
	"bufio"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// child is the variable by which a test binary is told to be the one that is killed.
const child = "PGSERVER_CHILD"

// A process that is killed can clean up nothing: its server goes away all the same.
func TestAServerGoesAwayWithItsProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv(child) != "" {
		s, err := Start(t.Context(), Options{})
		require.NoError(t, err)
		fmt.Printf("\n%s %d\n", s.dir, s.port)
		select {} // until it is killed
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), child+"=1")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	var (
		dir  string
		port int
	)
	for lines := bufio.NewScanner(out); port == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "%s %d", &dir, &port)
	}
	require.NotZero(t, port, "the child has started its server")
	address := fmt.Sprintf("127.0.0.1:%d", port)
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())

	require.NoError(t, command.Process.Kill())
	require.Error(t, command.Wait())
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := os.Stat(dir)
		assert.ErrorIs(c, err, fs.ErrNotExist)
		_, err = net.Dial("tcp", address)
		assert.Error(c, err)
	}, 20*time.Second, 10*time.Millisecond)
}
