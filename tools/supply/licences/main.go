// Command licences lists what is linked into a program: each module, its version and
// its license, one a line. It ends with status 1 where a module has no license that it
// knows, or one that does not allow to link it statically and hand the program on
// without further duties than to name it.
//
//	licences [-C folder] [package]
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licenses, by their SPDX names, that ask for no more than that their
// text goes along.
func allowed() []string {
	return []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "Unlicense", "Zlib"}
}

// leastCovered is how much of a file, in percent, has to be the text of licenses.
const leastCovered = 75

// exceptions are files that are called like licenses and grant nothing, or nothing of
// what is linked, by module and name, with what was found in them.
func exceptions() map[string]string {
	return map[string]string{
		"modernc.org/libc LICENSE-3RD-PARTY.md":   "notices of musl and others: MIT, BSD and Apache-2.0, under headings",
		"modernc.org/memory LICENSE-LOGO":         "says where a picture is from",
		"modernc.org/sqlite LICENSE-3RD-PARTY.md": "the whole module graph; its only MPL-2.0 is a tool's, which is in no program",
		"modernc.org/sqlite LICENSE-SQLITE":       "SQLite is in the public domain",
	}
}

// module is what go list tells of one.
type module struct {
	Path    string
	Version string
	Dir     string
	Main    bool
	Replace *module
}

// finding is a module with what was found in its folder.
type finding struct {
	path, version string
	licenses      []string
	problems      []string
}

func main() {
	folder := flag.String("C", ".", "the folder of the program's module")
	flag.Parse()
	target := flag.Arg(0)
	if target == "" {
		target = "./cmd/bridged"
	}
	if err := run(*folder, target, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(folder, target string, out io.Writer) error {
	modules, err := linked(folder, target)
	if err != nil {
		return err
	}
	bad := 0
	for _, m := range modules {
		f := examine(m)
		fmt.Fprintf(out, "%-55s %-40s %s\n", f.path, f.version, strings.Join(f.licenses, ", "))
		for _, problem := range f.problems {
			fmt.Fprintf(out, "\t%s\n", problem)
		}
		if len(f.problems) > 0 {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d modules have no license that is allowed", bad, len(modules))
	}
	return nil
}

// linked are the modules of all packages of a program, the standard library first,
// its own left out.
func linked(folder, target string) ([]module, error) {
	list := exec.Command("go", "list", "-deps", "-json=Module", target)
	list.Dir, list.Stderr = folder, os.Stderr
	text, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	found := map[string]module{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p struct{ Module *module }
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read what go list tells: %w", err)
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = *p.Module
		}
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	modules := make([]module, 0, len(found)+1)
	for _, m := range found {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return append([]module{{Path: "std", Version: runtime.Version(), Dir: strings.TrimSpace(string(root))}}, modules...), nil
}

// examine reads the licenses of a module.
func examine(m module) finding {
	f := finding{path: m.Path, version: m.Version}
	if m.Replace != nil {
		m.Dir = m.Replace.Dir
	}
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		f.problems = append(f.problems, err.Error())
	}
	for _, e := range entries {
		if _, known := exceptions()[m.Path+" "+e.Name()]; e.IsDir() || !isLicense(e.Name()) || known {
			continue
		}
		if err := f.read(filepath.Join(m.Dir, e.Name())); err != nil {
			f.problems = append(f.problems, err.Error())
		}
	}
	slices.Sort(f.licenses)
	f.licenses = slices.Compact(f.licenses)
	if len(f.licenses) == 0 {
		f.problems = append(f.problems, "it has no file with a license")
	}
	for _, id := range f.licenses {
		if !slices.Contains(allowed(), id) {
			f.problems = append(f.problems, id+" is not allowed")
		}
	}
	return f
}

// read adds the licenses of a file.
func (f *finding) read(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	coverage := licensecheck.Scan(text)
	for _, match := range coverage.Match {
		f.licenses = append(f.licenses, match.ID)
	}
	if coverage.Percent < leastCovered {
		return fmt.Errorf("%s is no license that is known: %.0f %% of it is", filepath.Base(name), coverage.Percent)
	}
	return nil
}

// isLicense says whether a file is called as licenses are.
func isLicense(name string) bool {
	name = strings.ToUpper(name)
	for _, beginning := range []string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE"} {
		if strings.HasPrefix(name, beginning) {
			return true
		}
	}
	return false
}
