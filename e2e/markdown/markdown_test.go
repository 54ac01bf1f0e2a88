package markdown_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/markdown"
)

const document = `# What ''grows'', and why

See [the guide](docs/guide.md#a-b), ''bridged
version'' and ![a picture](p.png).

## What ''grows'', and why

<!-- not run: it needs root -->
'''bash
# no heading
echo [x](y)
'''

1. In a list:

   <!-- file: a.toml -->
   '''toml
   [a]
     b = 1
   '''

'''
plain
'''
`

func parsed(t *testing.T) *markdown.Document {
	t.Helper()
	d, err := markdown.Parse(strings.NewReplacer("'''", "```", "''", "`").Replace(document))
	require.NoError(t, err)
	return d
}

func TestBlocksAreFoundWithTheirRemarks(t *testing.T) {
	t.Parallel()
	blocks := parsed(t).Blocks
	require.Equal(t, []markdown.Block{
		{Line: 9, Language: "bash", Remark: "not run: it needs root", Text: "# no heading\necho [x](y)\n"},
		{Line: 17, Language: "toml", Remark: "file: a.toml", Text: "[a]\n  b = 1\n"},
		{Line: 22, Text: "plain\n"},
	}, blocks)
	assert.Equal(t, "it needs root", blocks[0].NotRun())
	assert.Equal(t, "a.toml", blocks[1].File())
	assert.Empty(t, blocks[2].NotRun())
}

func TestProseHasLinksCodeAndHeadings(t *testing.T) {
	t.Parallel()
	d := parsed(t)
	assert.Equal(t, []markdown.Link{{3, "docs/guide.md#a-b"}, {4, "p.png"}}, d.Links)
	assert.Equal(t, []markdown.Code{{1, "grows"}, {3, "bridged version"}, {6, "grows"}}, d.Codes)
	assert.Equal(t, map[string]bool{"what-grows-and-why": true, "what-grows-and-why-1": true}, d.Anchors())
}

func TestABlockWithoutAnEndIsAnError(t *testing.T) {
	t.Parallel()
	_, err := markdown.Parse("a\n```bash\nls\n")
	require.ErrorContains(t, err, "the block that begins in line 2 has no end")
}
