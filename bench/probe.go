package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// adminPause is between two questions to admin.listen.
const adminPause = 20 * time.Millisecond

func adminPaths() [3]string { return [3]string{"/healthz", "/readyz", "/metrics"} }

// probed is what a probe found.
type probed struct {
	Took    [3]latencies `json:"took"` // by each of adminPaths
	Unready int          `json:"unready"`
}

// probe asks an admin.listen in turn for its answers, as a monitor would, until the
// input ends. It is a process of its own, as a monitor is: in one that is busy with
// hundreds of connections an answer would wait to be read.
func probe(ctx context.Context, url string, input io.Reader, output io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, input) // whatever ends it
		stop()
	}()
	var found probed
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(adminPause)
	defer tick.Stop()
	for n := 0; ; n++ {
		path := adminPaths()[n%3]
		start := time.Now()
		status, _, err := get(ctx, client, url+path)
		if ctx.Err() != nil { // the watch is over
			return json.NewEncoder(output).Encode(found)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		found.Took[n%3] = append(found.Took[n%3], time.Since(start))
		if status != http.StatusOK {
			found.Unready++
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// get asks for a page and reads it to its end, which is after so many bytes.
func get(ctx context.Context, client *http.Client, url string) (status int, size int64, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, 0, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	size, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, size, errors.Join(err, answer.Body.Close())
}

// startProbe starts this program again as a probe. Stop ends it and returns what it found.
func startProbe(ctx context.Context, url string) (stop func() (probed, error), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var output bytes.Buffer
	c := exec.CommandContext(ctx, self, "-probe", url)
	c.Stdout, c.Stderr = &output, os.Stderr
	input, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return func() (found probed, err error) {
		if err := errors.Join(input.Close(), c.Wait()); err != nil {
			return found, fmt.Errorf("the probe of admin.listen: %w", err)
		}
		return found, json.Unmarshal(output.Bytes(), &found)
	}, nil
}
