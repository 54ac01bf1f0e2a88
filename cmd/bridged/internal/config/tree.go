package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A tree is a TOML document without its layout: tables are map[string]any, lists
// []any, and the rest what go-toml makes of a scalar.
type tree = map[string]any

// parse makes a tree of a document, and says on which line each path stands. A
// document that is no TOML is one mistake: what stands behind it has no meaning.
func parse(file string, data []byte) (tree, map[string]int, error) {
	root := tree{}
	if err := toml.Unmarshal(data, &root); err != nil {
		finding := Finding{File: file, Line: 1, Text: "not valid TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}
		if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
			finding.Line, _ = decode.Position()
			finding.Key = keyPath(decode.Key())
		}
		return nil, nil, KeyErrors{finding}
	}
	index := lineIndex{lines: map[string]int{}, lists: map[string]int{}}
	index.parser.Reset(data)
	for index.parser.NextExpression() {
		index.expression(index.parser.Expression())
	}
	if err := index.parser.Error(); err != nil {
		return nil, nil, fmt.Errorf("index %s: %w", file, err)
	}
	return root, index.lines, nil
}

// lineIndex collects the line of every path of a document.
type lineIndex struct {
	parser unstable.Parser
	lines  map[string]int
	lists  map[string]int // how many tables a list of tables has so far
	table  string         // the path of the table that key = value lines belong to
}

func (x *lineIndex) expression(node *unstable.Node) {
	switch node.Kind {
	case unstable.KeyValue:
		x.keyValue(x.table, node)
	case unstable.Table:
		x.table, _ = x.key("", node.Key())
	case unstable.ArrayTable:
		path, line := x.key("", node.Key())
		x.table = element(path, x.lists[path])
		x.lists[path]++
		x.mark(x.table, line)
	default: // a comment
	}
}

func (x *lineIndex) keyValue(table string, node *unstable.Node) {
	path, line := x.key(table, node.Key())
	x.value(path, line, node.Value())
}

// value marks what stands inside of a value that begins on a line.
func (x *lineIndex) value(path string, line int, node *unstable.Node) {
	switch node.Kind {
	case unstable.Array:
		for i, it := 0, node.Children(); it.Next(); i++ {
			child, at := it.Node(), line
			// Only some kinds of node know where they stand; the others count as
			// being where their list begins.
			if child.Raw.Length > 0 {
				at = x.line(child.Raw)
			}
			x.mark(element(path, i), at)
			x.value(element(path, i), at, child)
		}
	case unstable.InlineTable:
		for it := node.Children(); it.Next(); {
			x.keyValue(path, it.Node())
		}
	default: // a scalar
	}
}

// key follows a dotted key from a table and marks every table on its way. It
// returns the path that the key leads to, and its line.
func (x *lineIndex) key(table string, it unstable.Iterator) (path string, line int) {
	path = table
	for it.Next() {
		// A path into a list of tables means its last table so far.
		if n := x.lists[path]; n > 0 {
			path = element(path, n-1)
		}
		path = member(path, string(it.Node().Data))
		line = x.line(it.Node().Raw)
		x.mark(path, line)
	}
	return path, line
}

// mark notes the line on which a path stands first.
func (x *lineIndex) mark(path string, line int) {
	if _, ok := x.lines[path]; !ok {
		x.lines[path] = line
	}
}

func (x *lineIndex) line(raw unstable.Range) int { return x.parser.Shape(raw).Start.Line }

// member is the path of a key in a table.
func member(table, key string) string {
	if !isBare(key) {
		key = strconv.Quote(key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element is the path of an entry of a list.
func element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// parent is the path of the table or list that holds a path.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// keyPath is the path that a key leads to.
func keyPath(key toml.Key) (path string) {
	for _, part := range key {
		path = member(path, part)
	}
	return path
}

// isBare says whether TOML lets a key be written without quotes.
func isBare(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(c rune) bool {
		return c != '_' && c != '-' && !isAlphanumeric(c)
	})
}
