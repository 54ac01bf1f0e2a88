// Package reference writes what is known of the command line for use elsewhere:
// the manual page, and the completions of shells. All of it comes from the model
// that the command line is parsed with, so that it cannot get out of date.
package reference

import (
	"strings"

	"github.com/alecthomas/kong"
)

// command is one command of the program, or the program itself, as it can stand on
// the command line.
type command struct {
	path     string // such as "dead-letters list"; empty: the program itself
	help     string // in one sentence
	node     *kong.Node
	children []command
	flags    []*kong.Flag // with those of the default command and of the program
	files    bool         // takes the name of a file without a flag
}

// tree is the program with all commands below it that are not hidden.
func tree(app *kong.Node) command { return commandOf(app, "", app.Flags) }

func commandOf(node *kong.Node, path string, shared []*kong.Flag) command {
	c := command{path: path, help: sentence(node.Help), node: node}
	own := node.Flags
	if path == "" {
		own = nil
	}
	for d := node.DefaultCmd; d != nil; d = d.DefaultCmd {
		own = append(own[:len(own):len(own)], d.Flags...)
	}
	for _, f := range append(own[:len(own):len(own)], shared...) {
		if !f.Hidden {
			c.flags = append(c.flags, f)
		}
	}
	for _, p := range node.Positional {
		c.files = c.files || namesFile(p.Name)
	}
	for _, child := range node.Children {
		if !child.Hidden {
			c.children = append(c.children, commandOf(child, strings.TrimSpace(path+" "+child.Name), shared))
		}
	}
	return c
}

// all are the command and those below it, each before its own.
func (c command) all() []command {
	list := []command{c}
	for _, child := range c.children {
		list = append(list, child.all()...)
	}
	return list
}

// name is the last word of the path.
func (c command) name() string { return c.path[strings.LastIndex(c.path, " ")+1:] }

// takesFile says whether the value of a flag is the name of a file or directory.
func takesFile(f *kong.Flag) bool { return takesValue(f) && namesFile(f.PlaceHolder) }

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// namesFile says whether what stands for a value names a file: FILE, DIR|FILE.
func namesFile(placeholder string) bool {
	placeholder = strings.ToUpper(placeholder)
	return strings.Contains(placeholder, "FILE") || strings.Contains(placeholder, "DIR")
}

// sentence is the first sentence of a text, without its full stop.
func sentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(first, ".")
}
