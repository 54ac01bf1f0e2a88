// Package browser runs Debian's chromium, headless, for the tests of the console and
// for its screenshots. Each browser is a process of its own with a profile of its own,
// and ends with its context, by its own handle.
package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// startTime bounds how long a browser may take to start.
const startTime = 60 * time.Second

// Options say how a browser is.
type Options struct {
	Width, Height int
	Dark          bool // what the system prefers
	Touch         bool // a phone
	Profile       string
	Log           func(format string, args ...any) // what pages complain of; optional
}

// Start runs a browser with one tab, in which the actions of the returned context
// happen. stop ends it and waits until its process is gone.
func Start(ctx context.Context, o Options) (tab context.Context, stop func(), err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // tests run as root in containers
		chromedp.UserDataDir(o.Profile),
		chromedp.WSURLReadTimeout(startTime),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("lang", "en-GB"),
		chromedp.Env("LANGUAGE=en_GB", "TZ=UTC"),
		chromedp.WindowSize(o.Width, o.Height),
	)
	allocator, endAllocator := chromedp.NewExecAllocator(ctx, options...)
	// What the browser says that this version of the protocol does not know is no concern.
	tab, endTab := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	if o.Log != nil {
		chromedp.ListenTarget(tab, func(event any) { complain(event, o.Log) })
	}
	stop = func() {
		_ = chromedp.Cancel(tab) // it may have ended by itself
		endTab()
		endAllocator()
		chromedp.FromContext(tab).Allocator.Wait()
	}
	if err := chromedp.Run(tab, o.emulate()); err != nil {
		stop()
		return nil, nil, err
	}
	return tab, stop, nil
}

// complain tells of what a page's scripts and its policies say is wrong.
func complain(event any, log func(string, ...any)) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		log("exception: %s", e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			for _, arg := range e.Args {
				log("console: %s%s", arg.Value, arg.Description)
			}
		}
	case *cdplog.EventEntryAdded:
		log("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
	}
}

// find returns the path of chromium.
func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path, nil
	}
	return "", errors.New("there is no chromium: run .ci/install-test-tools, or set CHROMIUM to its path")
}

func (o Options) emulate() chromedp.Tasks {
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	tasks := chromedp.Tasks{
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	}
	if o.Touch {
		return append(tasks, chromedp.EmulateViewport(int64(o.Width), int64(o.Height), chromedp.EmulateMobile, chromedp.EmulateTouch))
	}
	return append(tasks, chromedp.EmulateViewport(int64(o.Width), int64(o.Height)))
}
