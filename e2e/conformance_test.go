package e2e

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// update has the tests write the files that they compare with.
var update = flag.Bool("update", false, "write the files that are generated, instead of comparing with them")

// conformanceFile is the table of all operations, which this test makes.
const conformanceFile = "../docs/conformance.md"

// Every operation of the reference is called; what it answers is as the
// reference's schema and its examples say, and all URLs in it lead somewhere.
func TestEveryOperationIsAsInTheReference(t *testing.T) {
	t.Parallel()
	c := &tour{
		world: newWorld(t, setup{config: tourConfiguration}), operations: readReference(t),
		passed: map[string]*passage{}, sent: map[string]bool{}, followed: map[string]bool{}, compared: map[string]bool{}, excuses: map[int]bool{},
	}
	c.credentials()
	withDevices := c.registeredDevices()
	service := c.services()
	c.bindings(withDevices, service)
	c.addresses(service)
	within{tour: c, service: c.service(), handset: alice}.all()
	within{tour: c, service: service, explicit: true, handset: secondHandset}.all()
	c.configuration(service)
	assert.Empty(t, strings.Join(c.wrong, "\n"))

	examples := exampleNames(t)
	for name, o := range c.operations {
		if assert.Contains(t, c.passed, name, "it is never called") {
			c.requireAll(o, examples[name])
		}
	}
	for i, e := range exampleExceptions {
		assert.True(t, c.excuses[i], "the exception %s %s does not occur", e.examples, e.difference)
	}
	compareFile(t, conformanceFile, c.table(examples))
}

// unsent are the parameters that the tour does not send: those of a page's place,
// which are in the URLs that it follows.
var unsent = map[string]string{
	"Page":      "it is in the URLs of pages",
	"PageToken": "it is in the URLs of pages",
}

// requireAll requires that all of an operation was tried: each status that the
// reference documents, each parameter and each example.
func (c *tour) requireAll(o operation, examples []string) {
	documented := make([]string, 0, 2)
	for status := range o.Responses.Map() {
		documented = append(documented, status)
	}
	statuses := make([]string, 0, 2)
	for _, status := range c.passed[o.name].statuses {
		statuses = append(statuses, strconv.Itoa(status))
	}
	assert.ElementsMatch(c.t, documented, statuses, "%s: the statuses that the reference documents", o.name)
	for _, name := range o.parameters() {
		assert.True(c.t, c.sent[o.name+" "+name] || unsent[name] != "", "%s: the parameter %s is never sent", o.name, name)
	}
	for _, example := range examples {
		if c.compared[example] {
			continue
		}
		i := excused(example, "")
		if assert.GreaterOrEqual(c.t, i, 0, "the example %s is not compared with", example) {
			c.excuses[i] = true
		}
	}
}

// table is the content of conformanceFile.
func (c *tour) table(examples map[string][]string) string {
	names := make([]string, 0, len(c.operations))
	for name := range c.operations {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := c.operations[a], c.operations[b]
		return strings.Compare(x.path+" "+x.method, y.path+" "+y.method)
	})
	var b strings.Builder
	rows, good := &strings.Builder{}, 0
	for _, name := range names {
		o, p, compared := c.operations[name], c.passed[name], 0
		verdict, statuses := "no", ""
		if p != nil {
			slices.Sort(p.statuses)
			statuses = strings.Trim(fmt.Sprint(p.statuses), "[]")
			if !p.wrong {
				verdict, good = "yes", good+1
			}
		}
		for _, example := range examples[name] {
			if c.compared[example] {
				compared++
			}
		}
		fmt.Fprintf(rows, "| %s | %s | `%s` | %s | %d of %d | %s |\n", name, o.method, o.path, statuses, compared, len(examples[name]), verdict)
	}
	fmt.Fprintf(&b, conformanceHead, good, len(names))
	b.WriteString(rows.String())
	b.WriteString("\n## Differences from the examples\n\n| examples | difference | why |\n|---|---|---|\n")
	for _, e := range exampleExceptions {
		difference := "`" + e.difference + "`"
		if e.difference == "" {
			difference = "not called"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.examples, difference, e.reason)
	}
	return b.String()
}

const conformanceHead = "# Conformance\n\n" +
	"What a test finds that calls every operation of the reference's OpenAPI file in a running daemon\n" +
	"(`e2e/conformance_test.go`). An operation passes when it answers with a status that the reference\n" +
	"documents for it, when the answer has exactly the properties of the schema, each of its type and\n" +
	"format, when every URL in it leads where it should, and when it has the structure of the reference's\n" +
	"examples. The test fails when this file is not what it finds. To write it anew:\n\n" +
	"    go test ./e2e -run TestEveryOperationIsAsInTheReference -update\n\n" +
	"**%d of %d operations pass.**\n\n" +
	"| operation | method | path | status | examples | passes |\n|---|---|---|---|---|---|\n"

// compareFile requires that a file has this content, or writes it.
func compareFile(t *testing.T, name, content string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
		return
	}
	committed, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(committed), content, "%s is out of date; run this test with -update", name)
}
