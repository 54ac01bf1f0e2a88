// Command screenshots starts the daemon with a story of a few people, opens each page
// of the console, and writes pictures of it: light and dark, at 1440 and 390 pixels.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"github.com/chromedp/chromedp"

	"bridged/e2e/browser"
	"bridged/e2e/daemon"
)

func main() {
	binary := flag.String("bridged", "bin/bridged", "the program")
	folder := flag.String("to", "docs/screenshots", "where the pictures go")
	only := flag.String("only", "", "the pages whose names match")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *binary, *folder, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// shot is one page, and what makes it ready to be looked at.
type shot struct {
	name, path string
	ready      string // a selector of what has to be visible
	then       chromedp.Action
}

// shots are the pages. A new page is one more line here.
func shots(s *story) []shot {
	return []shot{
		{name: "login", path: "/console/inbox", ready: ".door-card"},
		{name: "inbox", path: "/console/inbox/" + s.main, ready: ".ticks"},
		{name: "list", path: "/console/inbox", ready: ".row a"},
		{name: "empty", path: "/console/inbox/" + s.empty, ready: ".thread .empty"},
		{name: "failure", path: "/console/inbox/" + s.failed, ready: `.ticks[data-state="failed"]`, then: openPopover(`.ticks[data-state="failed"]`)},
		{name: "panel", path: "/console/inbox/" + s.main, ready: ".ticks", then: openPanel()},
		{name: "dialog", path: "/console/inbox/" + s.main, ready: ".ticks", then: openDialog()},
		{name: "webhooks", path: "/console/webhooks", ready: `.hook-health[data-health="open"]`},
		{name: "webhook-test", path: "/console/webhooks", ready: ".hook", then: sendTest()},
		{name: "webhook-form", path: "/console/webhooks", ready: ".hook", then: openWebhookForm()},
		{name: "live", path: "/console/live", ready: ".way", then: traffic()},
		{name: "way", path: "/console/live", ready: ".way", then: wayOpen()},
		{name: "routing", path: "/console/routing?from=%2B33612345999&to=%2B15550100001", ready: ".way-step.end"},
		{name: "routing-form", path: "/console/routing", ready: ".number-cell", then: openConfiguration()},
		{name: "deliveries", path: "/console/deliveries", ready: ".open-row", then: openDelivery()},
		{name: "dead-letters", path: "/console/deliveries?view=letters", ready: ".redrive"},
		{name: "windows", path: "/console/deliveries?view=windows", ready: ".remaining"},
		{name: "phones", path: "/console/phones?try", ready: phone(cleo), then: tryIt()},
		{name: "phones-mistake", path: "/console/phones?try", ready: phone(cleo), then: writeNew()},
		{name: "phones-empty", path: "/console/phones", ready: ".page-head", then: noPhones()},
	}
}

// openPopover shows who got a message, and who did not.
func openPopover(button string) chromedp.Action {
	return chromedp.Tasks{chromedp.Click(button), chromedp.WaitVisible(".popover .receiver-reason strong")}
}

// openDialog shows the form for a participant, with a mistake in it.
func openDialog() chromedp.Action {
	return chromedp.Tasks{
		openPanel(), chromedp.Click(`#panel [aria-label="Add a participant"]`), chromedp.WaitVisible("dialog form"),
		chromedp.SendKeys("dialog .field:nth-of-type(2) .input", "+15550200099"),
		chromedp.SendKeys("dialog .field:nth-of-type(3) .input", "+15559999999\r"), chromedp.WaitVisible("dialog .field-error:not([hidden])"),
	}
}

// openPanel shows the panel, which is open already on a wide screen.
func openPanel() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate(`document.querySelector('#panel').hidden && document.querySelector('[aria-controls=panel]').click()`, nil),
		chromedp.WaitVisible("#panel .person"),
	}
}

func run(ctx context.Context, binary, folder, only string) (err error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bridged-screenshots-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	d, err := daemon.Start(ctx, daemon.Options{Binary: binary, Dir: dir, Env: []string{
		"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0",
		"BRIDGED_RETRY_FIRST=50ms", "BRIDGED_RETRY_ATTEMPTS=3", // what is given up is not waited for
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Stop()) }()
	s, err := tell(ctx, d)
	if err != nil {
		return err
	}
	for _, width := range []int{1440, 390} {
		for _, dark := range []bool{false, true} {
			if err := s.take(ctx, dir, folder, wanted, width, dark); err != nil {
				return err
			}
		}
	}
	return nil
}

// take makes the pictures of one width and theme, in a browser of its own.
func (s *story) take(ctx context.Context, dir, folder string, wanted *regexp.Regexp, width int, dark bool) error {
	theme, height := "light", 900
	if dark {
		theme = "dark"
	}
	if width < 500 {
		height = 844
	}
	o := browser.Options{Width: width, Height: height, Dark: dark, Touch: width < 500, Profile: filepath.Join(dir, fmt.Sprint(width, theme)), Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	tab, stop, err := browser.Start(ctx, o)
	if err != nil {
		return err
	}
	defer stop()
	tab, cancel := context.WithTimeout(tab, 3*time.Minute)
	defer cancel()
	loggedIn := false
	for _, one := range shots(s) {
		if !wanted.MatchString(one.name) {
			continue
		}
		if one.name != "login" && !loggedIn {
			loggedIn = true
			if err := chromedp.Run(tab, s.logIn()); err != nil {
				return fmt.Errorf("log in: %w", err)
			}
		}
		name := fmt.Sprintf("%s-%s-%d.png", one.name, theme, width)
		if err := one.take(tab, s.url, filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Println(name)
	}
	return nil
}

func (one shot) take(tab context.Context, url, file string) error {
	limited, cancel := context.WithTimeout(tab, 20*time.Second)
	defer cancel()
	tasks := chromedp.Tasks{chromedp.Navigate(url + one.path), chromedp.WaitVisible(one.ready)}
	if one.then != nil {
		tasks = append(tasks, one.then)
	}
	var picture []byte
	// Pictures in the page, and its last transition, take a moment that nothing announces.
	tasks = append(tasks, chromedp.Sleep(700*time.Millisecond), chromedp.CaptureScreenshot(&picture))
	if err := chromedp.Run(limited, tasks); err != nil {
		// What the page looked like then says more than the error.
		again, cancel := context.WithTimeout(context.WithoutCancel(tab), 5*time.Second)
		defer cancel()
		if seen := chromedp.Run(again, chromedp.CaptureScreenshot(&picture)); seen == nil {
			_ = os.WriteFile(file, picture, 0o644) // the error below is the one to tell
		}
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}
