package api

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Routes are the paths that a handler of New serves to those whom it knows, each
// with its methods as Allow has them. The authorization matrix is made of them.
func Routes(h http.Handler) map[string]string {
	s, _ := h.(*server)
	return s.allowed
}

// Whatever the mux serves is behind guarded, but for the two that are written here:
// the matrix goes through what is guarded, so it goes through everything.
func TestNothingIsServedPastTheGuard(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	guarded := 0
	var open []string
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch types.ExprString(call.Fun) {
			case "s.mux.Handle", "s.mux.HandleFunc":
				if handler, ok := call.Args[1].(*ast.CallExpr); ok && types.ExprString(handler.Fun) == "s.guarded" {
					guarded++
				} else {
					open = append(open, types.ExprString(call.Args[0]))
				}
			}
			return true
		})
	}
	slices.Sort(open)
	assert.Equal(t, []string{`"/"`, `twilio.DirectMediaPath + "{Sid}"`}, open, "the 404 of all other paths, and signed URLs")
	assert.Equal(t, 4, guarded, "all routes, further handlers, and the 404 of known prefixes")
}
