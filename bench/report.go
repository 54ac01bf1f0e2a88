package main

import (
	"fmt"
	"os"
	"strings"
)

// section is what a part of the benchmark found, in Markdown. What it notes is printed
// as well, while the part runs.
type section struct{ text strings.Builder }

// note adds a paragraph.
func (s *section) note(format string, args ...any) {
	paragraph := fmt.Sprintf(format, args...)
	fmt.Println(paragraph)
	s.text.WriteString(paragraph + "\n\n")
}

// table adds a table: its head, and a row for each list of cells.
func (s *section) table(head []string, rows ...[]string) {
	line := func(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
	var text strings.Builder
	text.WriteString(line(head) + "|" + strings.Repeat("---|", len(head)) + "\n")
	for _, row := range rows {
		text.WriteString(line(row))
	}
	fmt.Print(text.String())
	s.text.WriteString(text.String() + "\n")
}

// marks are the comments between which a file has the report of a part.
func marks(part string) (begin, end string) {
	return "<!-- bench " + part + " -->\n", "<!-- end of " + part + " -->"
}

// rewrite puts the report of a part between its marks in a file, which has to have
// them.
func rewrite(file, part, text string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := marks(part)
	before, rest, hasBegin := strings.Cut(string(data), begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		return fmt.Errorf("%s has no marks for the part %s: put %q and %q on lines of their own", file, part, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+strings.TrimSpace(text)+"\n\n"+end+after), 0o644)
}
