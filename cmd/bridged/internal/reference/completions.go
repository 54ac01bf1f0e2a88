package reference

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Bash writes a completion for bash, from version 3.2 on.
func Bash(w io.Writer, app *kong.Node) error {
	root := tree(app)
	var paths, cases, files, values []string
	for _, c := range root.all() {
		if c.path != "" {
			paths = append(paths, quoted(c.path))
		}
		var words []string
		for _, child := range c.children {
			words = append(words, child.name())
		}
		for _, f := range c.flags {
			words = append(words, "--"+f.Name)
			switch at := quoted(c.path + ":--" + f.Name); {
			case takesFile(f):
				files = append(files, at)
			case takesValue(f):
				values = append(values, at)
			}
		}
		line := fmt.Sprintf("\t%s) words=%s", quoted(c.path), quoted(strings.Join(words, " ")))
		if c.files {
			line += " files=1"
		}
		cases = append(cases, line+" ;;\n")
	}
	_, err := fmt.Fprintf(w, bashCompletion, app.Name,
		strings.Join(paths, " | "), strings.Join(cases, ""), strings.Join(files, " | "), strings.Join(values, " | "))
	return err
}

// bashCompletion finds the command that the words before name, and then completes
// the value of a flag, or a word and, where one may stand, a file. Bash makes a word
// of the "=" in "--config=FILE".
const bashCompletion = `# Completion of %[1]s for bash.
_%[1]s() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local at="" next="" words="" files="" i IFS=$'\n'
	if [ "$word" = "=" ]; then
		word=""
	elif [ "$previous" = "=" ]; then
		previous=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		next="$at${at:+ }${COMP_WORDS[i]}"
		case $next in
		%[2]s) at=$next ;;
		esac
	done
	COMPREPLY=()
	case "$at:$previous" in
	%[4]s)
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	%[5]s) return ;;
	esac
	case $at in
%[3]s	esac
	COMPREPLY=($(compgen -W "${words// /$'\n'}" -- "$word"))
	if [ -n "$files" ] && [ "${word#-}" = "$word" ]; then
		compopt -o filenames 2>/dev/null
		COMPREPLY+=($(compgen -f -- "$word"))
	fi
}
complete -F _%[1]s %[1]s
`

// Zsh writes a completion for zsh, a file of the name _bridged in its fpath.
func Zsh(w io.Writer, app *kong.Node) error {
	root := tree(app)
	var paths, cases []string
	for _, c := range root.all() {
		if c.path != "" {
			paths = append(paths, quoted(c.path))
		}
		var names, specs []string
		for _, child := range c.children {
			names = append(names, quoted(strings.ReplaceAll(child.name(), ":", `\:`)+":"+child.help))
		}
		for _, f := range c.flags {
			specs = append(specs, quoted(zshFlag(f)))
		}
		switch {
		case len(names) > 0:
			specs = append(specs, quoted("*:command:_"+app.Name+"_commands"))
		case c.files:
			specs = append(specs, quoted("*:file:_files"))
		}
		cases = append(cases, fmt.Sprintf("\t(%s)\n\t\tcommands=(%s)\n\t\tspecs=(%s)\n\t\t;;\n",
			quoted(c.path), strings.Join(names, " "), strings.Join(specs, " ")))
	}
	_, err := fmt.Fprintf(w, zshCompletion, app.Name, strings.Join(paths, "|"), strings.Join(cases, ""))
	return err
}

func zshFlag(f *kong.Flag) string {
	help := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(sentence(f.Help))
	repeated := ""
	if f.IsSlice() {
		repeated = "*"
	}
	switch {
	case takesFile(f):
		return repeated + "--" + f.Name + "=[" + help + "]:file:_files"
	case takesValue(f):
		return repeated + "--" + f.Name + "=[" + help + "]:value: "
	default:
		return repeated + "--" + f.Name + "[" + help + "]"
	}
}

const zshCompletion = `#compdef %[1]s
# Completion of %[1]s for zsh.
_%[1]s_commands() {
	_describe command commands
}
_%[1]s() {
	local at="" next="" i
	local -a commands specs
	for ((i = 2; i < CURRENT; i++)); do
		next="$at${at:+ }${words[i]}"
		case $next in
		(%[2]s) at=$next ;;
		esac
	done
	case $at in
%[3]s	esac
	_arguments $specs
}
if [ "$funcstack[1]" = "_%[1]s" ]; then
	_%[1]s "$@"
else
	compdef _%[1]s %[1]s
fi
`

// Fish writes a completion for fish.
func Fish(w io.Writer, app *kong.Node) error {
	root := tree(app)
	var paths []string
	var lines strings.Builder
	for _, c := range root.all() {
		if c.path != "" {
			paths = append(paths, fishQuoted(c.path))
		}
		where := fmt.Sprintf("complete -c %s -n %s", app.Name, fishQuoted("__"+app.Name+"_at "+fishQuoted(c.path)))
		for _, child := range c.children {
			fmt.Fprintf(&lines, "%s -a %s -d %s\n", where, child.name(), fishQuoted(child.help))
		}
		for _, f := range c.flags {
			value := ""
			switch {
			case takesFile(f):
				value = " -r -F"
			case takesValue(f):
				value = " -x"
			}
			fmt.Fprintf(&lines, "%s -l %s%s -d %s\n", where, f.Name, value, fishQuoted(sentence(f.Help)))
		}
		if c.files {
			fmt.Fprintf(&lines, "%s -F\n", where)
		}
	}
	_, err := fmt.Fprintf(w, fishCompletion, app.Name, strings.Join(paths, " "), lines.String())
	return err
}

const fishCompletion = `# Completion of %[1]s for fish.
function __%[1]s_at
	set -l at ""
	for word in (commandline -opc)[2..]
		set -l next (string trim -- "$at $word")
		contains -- "$next" %[2]s
		and set at $next
	end
	test "$at" = "$argv[1]"
end
complete -c %[1]s -f
%[3]s`

// quoted is a word of bash and zsh.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// fishQuoted is a word of fish, which escapes within quotes.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
