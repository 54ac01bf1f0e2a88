package sign_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretName is how secrets, and what is computed from them, are called in the
// program.
var secretName = regexp.MustCompile(`(?i)(secret|password|auth_?token|access_?token|verify_?token|signature|api_?key|mac|once)(\.Value)?(\(\))?$`)

// comparisons are the places of a file where something that is called like a secret
// is compared in a time that tells how much of it was right. Whether there is a secret
// at all may be asked.
func comparisons(files *gotoken.FileSet, file *ast.File) (places []string) {
	secret := func(e ast.Expr) bool {
		if conversion, ok := e.(*ast.CallExpr); ok && len(conversion.Args) == 1 { // string(mac)
			e = conversion.Args[0]
		}
		return secretName.MatchString(types.ExprString(e))
	}
	nothing := func(e ast.Expr) bool {
		text := types.ExprString(e)
		return text == `""` || text == "nil" || text == "0"
	}
	found := func(n ast.Node) { places = append(places, files.Position(n.Pos()).String()) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == gotoken.EQL || n.Op == gotoken.NEQ) && (secret(n.X) || secret(n.Y)) && !nothing(n.X) && !nothing(n.Y) {
				found(n)
			}
		case *ast.SwitchStmt:
			if n.Tag != nil && secret(n.Tag) {
				found(n)
			}
		case *ast.CallExpr:
			switch types.ExprString(n.Fun) {
			case "strings.EqualFold", "strings.Compare", "strings.HasPrefix", "bytes.Equal", "bytes.Compare", "slices.Equal", "slices.Contains", "cmp.Compare":
				for _, arg := range n.Args {
					if secret(arg) {
						found(n)
						break
					}
				}
			}
		}
		return true
	})
	return places
}

// Secrets are compared by what takes as long for a wrong one as for a right one.
func TestNoSecretIsComparedInATimeThatTells(t *testing.T) {
	t.Parallel()
	read := 0
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && (name == "e2e" || name == "bench" || name == "bin" || name == "testdata" || name == ".git" || name == "channeltest"):
			return fs.SkipDir // the tests', or no source
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files := gotoken.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		read++
		assert.Empty(t, comparisons(files, file), "compare with sign.Same, or with hmac.Equal")
		return nil
	}))
	assert.Greater(t, read, 200, "the whole program was read")
}

// The one above can fail.
func TestComparisonsThatTellAreFound(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]int{
		`given == cfg.AuthToken.Value()`:            1,
		`password != wanted`:                        1,
		`c.cfg.CallbackPassword() == given`:         1,
		`bytes.Equal(mac, want)`:                    1,
		`string(sum) == string(mac)`:                1,
		`strings.EqualFold(r.Signature, signature)`: 1,
		`secret == ""`:                              0,
		`cfg.AccessToken == nil`:                    0,
		`len(secret) == 0`:                          0,
		`hmac.Equal(mac, want)`:                     0,
		`name == user`:                              0,
	} {
		files := gotoken.NewFileSet()
		file, err := parser.ParseFile(files, "x.go", fmt.Sprintf("package x\nvar _ = %s", expression), 0)
		require.NoError(t, err)
		assert.Len(t, comparisons(files, file), want, expression)
	}
}
