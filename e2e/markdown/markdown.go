// Package markdown reads the project's documentation as far as its tests need it:
// the fenced blocks of code with the remarks above them, the links, the headings and
// what is written in backquotes.
//
// A remark is an HTML comment on the line above a block. Readers do not see it, and
// it tells the test what to do with the block: see Block.
package markdown

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode"
)

// Document is one file.
type Document struct {
	Path     string // as it was read
	Blocks   []Block
	Links    []Link
	Codes    []Code
	Headings []string
}

// Block is a fenced block of code.
type Block struct {
	Line     int    // of its fence, from 1
	Language string // behind the fence; empty where there is none
	Remark   string // the HTML comment on the line above, such as "not run: it needs root"; empty where there is none
	Text     string // without the fence's own indentation
}

// NotRun is the reason that a block is not run, or empty.
func (b Block) NotRun() string { return after(b.Remark, "not run:") }

// File is the name of the file that a block is the contents of, or empty.
func (b Block) File() string { return after(b.Remark, "file:") }

func after(remark, prefix string) string {
	rest, ok := strings.CutPrefix(remark, prefix)
	if !ok {
		return ""
	}
	return strings.TrimSpace(rest)
}

// Link is where a link or a picture leads.
type Link struct {
	Line   int
	Target string
}

// Code is what stands in backquotes.
type Code struct {
	Line int
	Text string
}

var (
	fence   = regexp.MustCompile("^( *)```+ *([A-Za-z0-9_-]*)(.*)$")
	remark  = regexp.MustCompile(`^ *<!-- *(.*?) *-->$`)
	heading = regexp.MustCompile(`^#{1,6} +(.+?) *#*$`)
	link    = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)`)
	code    = regexp.MustCompile("`([^`]+)`")
)

// Read reads a file.
func Read(path string) (*Document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.Path = path
	return d, nil
}

// Parse reads a document. It is an error when a block is not closed.
func Parse(text string) (*Document, error) {
	d := &Document{}
	var open *Block
	var indent, before string
	var prose strings.Builder // a paragraph may break a line within backquotes
	start := 1
	flush := func() {
		d.prose(start, prose.String())
		prose.Reset()
	}
	for i, line := range strings.Split(text, "\n") {
		switch mark := fence.FindStringSubmatch(line); {
		case open != nil && mark != nil && mark[2] == "":
			d.Blocks, open = append(d.Blocks, *open), nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		case mark != nil:
			flush()
			open, indent = &Block{Line: i + 1, Language: mark[2]}, mark[1]
			if found := remark.FindStringSubmatch(before); found != nil {
				open.Remark = found[1]
			}
		case strings.TrimSpace(line) == "":
			flush()
		default:
			if prose.Len() == 0 {
				start = i + 1
			}
			prose.WriteString(line + "\n")
			if found := heading.FindStringSubmatch(line); found != nil {
				d.Headings = append(d.Headings, found[1])
			}
		}
		before = line
	}
	flush()
	if open != nil {
		return nil, fmt.Errorf("the block that begins in line %d has no end", open.Line)
	}
	return d, nil
}

// prose finds the links and the code of a paragraph that begins in a line.
func (d *Document) prose(start int, text string) {
	line := func(at int) int { return start + strings.Count(text[:at], "\n") }
	for _, m := range code.FindAllStringSubmatchIndex(text, -1) {
		words := strings.Join(strings.Fields(text[m[2]:m[3]]), " ")
		d.Codes = append(d.Codes, Code{line(m[0]), words})
	}
	for _, m := range link.FindAllStringSubmatchIndex(text, -1) {
		d.Links = append(d.Links, Link{line(m[0]), text[m[2]:m[3]]})
	}
}

// Anchors are the names by which links reach the headings, as GitHub makes them.
func (d *Document) Anchors() map[string]bool {
	anchors := map[string]bool{}
	for _, h := range d.Headings {
		name := anchor(h)
		for n, first := 1, name; anchors[name]; n++ {
			name = fmt.Sprintf("%s-%d", first, n)
		}
		anchors[name] = true
	}
	return anchors
}

// anchor brings a heading into small letters, drops what is neither a letter nor a
// digit, and writes hyphens for spaces.
func anchor(heading string) string {
	heading = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
