package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profileTime is how long the processor's profile of the daemon is.
const profileTime = 4 * time.Second

// profiles are what a daemon is busy with, in a folder. The zero value takes none.
type profiles struct{ dir string }

// during takes the profile of the processor while a load runs, and that of all
// allocations since the start afterwards. Later ones of the same name replace them.
func (p profiles) during(ctx context.Context, s *stage, name string, load func() error) error {
	if p.dir == "" {
		return load()
	}
	taken := make(chan error, 1)
	go func() {
		taken <- p.take(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.Admin, int(profileTime.Seconds())), name+".cpu")
	}()
	if err := load(); err != nil {
		return err
	}
	if err := <-taken; err != nil {
		return err
	}
	return p.take(ctx, s.Admin+"/debug/pprof/allocs", name+".allocs")
}

func (p profiles) take(ctx context.Context, url, name string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", url, answer.Status, data)
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, name+".pprof"), data, 0o644)
}
