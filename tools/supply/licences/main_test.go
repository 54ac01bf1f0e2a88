package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const isc = "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, " +
	"provided that the above copyright notice and this permission notice appear in all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND " +
	"THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. " +
	"IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER " +
	"RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF " +
	"OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n"

func TestExamine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		licenses   []string
		problem    string // a part of the only one; empty for none
	}{
		"a license that is allowed": {"LICENSE", isc, []string{"ISC"}, ""},
		"in a file of another name": {"COPYING.md", isc, []string{"ISC"}, ""},
		"none":                      {"README", isc, nil, "no file with a license"},
		"one with words of its own": {"LICENSE", isc + strings.Repeat("Only on Sundays, and never at sea. ", 40), []string{"ISC"}, "no license that is known"},
		"one that asks for the sources": {"LICENCE", "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of " +
			"the MPL was not distributed with this file, You can obtain one at http://mozilla.org/MPL/2.0/.\n", []string{"MPL-2.0"}, "MPL-2.0 is not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			f := examine(module{Path: "example.com/x", Version: "v1", Dir: dir})
			if !slices.Equal(f.licenses, c.licenses) {
				t.Errorf("licenses %q", f.licenses)
			}
			if c.problem == "" && len(f.problems) > 0 || c.problem != "" && (len(f.problems) != 1 || !strings.Contains(f.problems[0], c.problem)) {
				t.Errorf("problems %q", f.problems)
			}
		})
	}
}
