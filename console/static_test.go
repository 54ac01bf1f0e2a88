package console_test

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sources are the static files by name.
func sources(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS("static"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path.Join("static", name))
		files[name] = string(content)
		return err
	})
	require.NoError(t, err)
	return files
}

// A page takes no more than 200 KB before its media, uncompressed, although no page
// loads all of them.
func TestAPageIsLight(t *testing.T) {
	t.Parallel()
	shared, pages := 0, map[string]int{}
	for name, content := range sources(t) {
		first, _, _ := strings.Cut(path.Base(name), ".")
		switch dir := path.Dir(name); {
		case path.Ext(name) == ".md", name == "errors.json": // the latter is loaded for the first error
		case dir == "js/pages":
			pages[first] += len(content)
		case dir != "js" && dir != "css" && dir != ".":
			pages[path.Base(dir)] += len(content)
		default:
			shared += len(content)
		}
	}
	require.NotEmpty(t, pages)
	for name, size := range pages {
		assert.Less(t, shared+size, 200<<10, name)
	}
}

func TestModulesMakeNoHTML(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|setAttribute\('style'`)
	absolute := regexp.MustCompile(`https?://[^'"\s)]+`)
	imported := regexp.MustCompile(`(?m)^(?:import|export) .*from '([^']+)'`)
	files := sources(t)
	for name, content := range files {
		if path.Ext(name) == ".md" {
			continue
		}
		assert.NotRegexp(t, forbidden, content, name)
		for _, url := range absolute.FindAllString(content, -1) {
			assert.Equal(t, "http://www.w3.org/2000/svg", url, "%s loads nothing from elsewhere", name)
		}
		for _, found := range imported.FindAllStringSubmatch(content, -1) {
			assert.Contains(t, files, path.Join(path.Dir(name), found[1]), "%s imports it", name)
		}
	}
}

// Icons that are asked for are drawn.
func TestEveryIconIsInTheSprite(t *testing.T) {
	t.Parallel()
	files := sources(t)
	drawn := map[string]bool{}
	for _, found := range regexp.MustCompile(`<symbol id="([^"]+)"`).FindAllStringSubmatch(files["icons.svg"], -1) {
		drawn[found[1]] = true
	}
	asked := regexp.MustCompile(`\b(?:icon|iconButton)\('([a-z]+)'|\bicon: '([a-z]+)'`)
	for name, content := range files {
		for _, found := range asked.FindAllStringSubmatch(content, -1) {
			assert.True(t, drawn[found[1]+found[2]], "%s: %s", name, found[0])
		}
	}
}

// The texts and controls of both themes have the contrasts of WCAG AA.
func TestColoursHaveContrast(t *testing.T) {
	t.Parallel()
	light, dark := colours(t, sources(t)["css/tokens.css"])
	for theme, c := range map[string]map[string]string{"light": light, "dark": dark} {
		need := func(least float64, text string, grounds ...string) {
			for _, ground := range grounds {
				require.Contains(t, c, text)
				require.Contains(t, c, ground)
				assert.GreaterOrEqual(t, contrast(t, c[text], c[ground]), least, "%s: %s on %s", theme, text, ground)
			}
		}
		need(4.5, "text", "bg", "surface", "surface-2", "surface-3", "canvas", "accent-soft", "bubble", "mark")
		need(4.5, "text-2", "bg", "surface", "surface-2", "surface-3", "canvas", "accent-soft", "bubble")
		need(4.5, "text-3", "surface", "surface-2")
		need(4.5, "accent", "surface", "surface-2", "accent-soft")
		need(4.5, "on-accent", "accent", "accent-strong")
		need(4.5, "bubble-own-text", "bubble-own")
		need(4.5, "read", "bubble", "bubble-own")
		for _, kind := range []string{"good", "warn", "bad", "info"} {
			need(4.5, kind, kind+"-soft", "surface")
		}
		need(3, "line-strong", "surface", "bg")
	}
}

// colours are the tokens that are colours, in each theme.
func colours(t *testing.T, css string) (light, dark map[string]string) {
	t.Helper()
	light, dark = map[string]string{}, map[string]string{}
	for _, found := range regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`).FindAllStringSubmatch(css, -1) {
		light[found[1]], dark[found[1]] = found[2], found[3]
	}
	return light, dark
}

// contrast is the ratio of WCAG 2.1.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (math.Max(la, lb) + .05) / (math.Min(la, lb) + .05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	parts := make([]float64, 3)
	for i := range parts {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err, fmt.Sprint(colour))
		parts[i] = float64(n) / 255
		if parts[i] <= .04045 {
			parts[i] /= 12.92
		} else {
			parts[i] = math.Pow((parts[i]+.055)/1.055, 2.4)
		}
	}
	return .2126*parts[0] + .7152*parts[1] + .0722*parts[2]
}
