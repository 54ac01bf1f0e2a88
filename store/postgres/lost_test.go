package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/postgres"
	"bridged/store/storetest"
)

// cable is a way to the server that can be cut.
type cable struct {
	server   string
	listener net.Listener

	mu     sync.Mutex
	conns  map[net.Conn]bool
	broken bool
	// onCommit is told of a commit on its way there; what it returns says where
	// the connection is cut: before the commit arrives, or before its answer does.
	onCommit func() cut
}

type cut int

const (
	nowhere cut = iota
	beforeCommit
	beforeAnswer
)

// newCable returns a cable to a place's server, and the URL at its other end.
func newCable(t *testing.T, place *storetest.Place) (c *cable, at string) {
	t.Helper()
	u, err := url.Parse(place.URL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c = &cable{server: u.Host, listener: listener, conns: make(map[net.Conn]bool), onCommit: func() cut { return nowhere }}
	u.Host = listener.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() { c.serve(&serving) })
	t.Cleanup(func() {
		_ = listener.Close()
		c.cut()
		serving.Wait()
	})
	return c, u.String() + "?sslmode=disable"
}

func (c *cable) serve(serving *sync.WaitGroup) {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil || !c.keep(client, server) {
			_ = client.Close()
			continue
		}
		conn := &conn{cable: c, client: client, server: server}
		serving.Go(conn.there)
		serving.Go(conn.back)
	}
}

func (c *cable) keep(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		if c.broken {
			_ = conn.Close()
			continue
		}
		c.conns[conn] = true
	}
	return !c.broken
}

// cut ends all connections.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Close()
	}
	clear(c.conns)
}

// watch sets onCommit.
func (c *cable) watch(onCommit func() cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onCommit = onCommit
}

func (c *cable) whereToCut() cut {
	c.mu.Lock()
	f := c.onCommit
	c.mu.Unlock()
	return f()
}

// refuse lets nothing new through.
func (c *cable) refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = true
}

// set breaks or mends the cable. A broken one carries nothing.
func (c *cable) set(broken bool) {
	c.mu.Lock()
	c.broken = broken
	c.mu.Unlock()
	if broken {
		c.cut()
	}
}

// conn is one connection through the cable.
type conn struct {
	cable          *cable
	client, server net.Conn

	mu    sync.Mutex
	quiet bool // the server's answers are swallowed
}

func (c *conn) close() { _, _ = c.client.Close(), c.server.Close() }

// there carries what the client sends.
func (c *conn) there() {
	defer c.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.client.Read(buf)
		if err != nil {
			return
		}
		if isCommit(buf[:n]) {
			switch c.cable.whereToCut() {
			case beforeCommit:
				return
			case beforeAnswer:
				c.mu.Lock()
				c.quiet = true
				c.mu.Unlock()
			case nowhere:
			}
		}
		if _, err := c.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// isCommit finds the statement that pgx has prepared of COMMIT: it names them by a
// hash of their text.
func isCommit(b []byte) bool {
	hash := sha256.Sum256([]byte("COMMIT"))
	return bytes.Contains(b, []byte("stmtcache_"+hex.EncodeToString(hash[:24]))) && !bytes.Contains(b, []byte("COMMIT"))
}

// back carries the answers. After a commit whose answer is to be lost it waits
// for that, so that it is done, and cuts the connection.
func (c *conn) back() {
	defer c.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.server.Read(buf)
		c.mu.Lock()
		quiet := c.quiet
		c.mu.Unlock()
		if err != nil || quiet {
			return
		}
		if _, err := c.client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func openAt(t *testing.T, at string, cfg store.Config) *store.DB {
	t.Helper()
	steps, err := store.Migrations()
	require.NoError(t, err)
	b, err := postgres.Open(t.Context(), at, steps, postgres.Options{Writers: 2, Readers: 2})
	require.NoError(t, err)
	db, err := store.Open(t.Context(), b, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func keep(key string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.KeepAnswer(key, conversations.Answer{Fingerprint: key, At: time.Unix(1, 0)})
	}
}

func isKept(t *testing.T, db *store.DB, key string) (found bool) {
	t.Helper()
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) (err error) {
		_, found, err = tx.Answer(key)
		return err
	}))
	return found
}

func TestALostConnectionIsMadeAnew(t *testing.T) {
	t.Parallel()
	place := storetest.NewPostgreSQL(t)
	c, at := newCable(t, place)
	db := openAt(t, at, store.Config{})
	for n := range 5 {
		key := strconv.Itoa(n)
		require.NoError(t, db.Update(t.Context(), keep(key)))
		c.cut()
		_, err := db.OldestPending(t.Context())
		require.NoError(t, err, "a read is made again")
		require.NoError(t, db.UpdateBeside(t.Context(), keep("beside "+key)), "so is what was not committed")
		assert.True(t, isKept(t, db, key))
	}
}

func TestABrokenCableMakesTheStoreUnavailable(t *testing.T) {
	t.Parallel()
	place := storetest.NewPostgreSQL(t)
	c, at := newCable(t, place)
	db := openAt(t, at, store.Config{})
	c.set(true)
	require.ErrorIs(t, db.Update(t.Context(), keep("refused")), conversations.ErrUnavailable)
	require.ErrorIs(t, db.UpdateBeside(t.Context(), keep("refused")), conversations.ErrUnavailable)
	_, err := db.OldestPending(t.Context())
	require.ErrorIs(t, err, conversations.ErrUnavailable)
	c.set(false)
	require.NoError(t, db.Update(t.Context(), keep("taken")))
	assert.False(t, isKept(t, db, "refused"))
	assert.True(t, isKept(t, db, "taken"))
}

// The connection is lost around a commit: Update says what happened, whatever
// that was, and does nothing twice.
func TestACommitWithoutAnAnswerIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]cut{"it did not arrive": beforeCommit, "its answer did not": beforeAnswer} {
		for _, away := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", and the server is away for a while"}[away], func(t *testing.T) {
				t.Parallel()
				place := storetest.NewPostgreSQL(t)
				c, at := newCable(t, place)
				db := openAt(t, at, store.Config{Lease: time.Hour})
				require.NoError(t, db.UpdateBeside(t.Context(), keep("before"))) // prepares the statements
				var once sync.Once
				c.watch(func() (cut cut) {
					once.Do(func() {
						cut = where
						if away {
							c.refuse()
							time.AfterFunc(300*time.Millisecond, func() { c.set(false) })
						}
					})
					return cut
				})
				runs := 0
				err := db.UpdateBeside(context.Background(), func(tx *store.Tx) error {
					runs++
					return tx.Enqueue(conversations.Task{Topic: "topic", Key: "k", Payload: []byte("once")})
				})
				var rows int
				require.NoError(t, place.SQL(t).QueryRowContext(t.Context(), "SELECT count(*) FROM outbox").Scan(&rows))
				if err == nil {
					assert.Equal(t, 1, rows)
				} else {
					require.ErrorIs(t, err, conversations.ErrUnavailable)
					assert.Zero(t, rows)
				}
				if where == beforeAnswer {
					require.NoError(t, err, "it was committed")
					assert.Equal(t, 1, runs)
				}
			})
		}
	}
}
