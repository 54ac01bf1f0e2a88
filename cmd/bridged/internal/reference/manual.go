package reference

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Manual writes the manual page, section 1, of a version of the program.
func Manual(w io.Writer, app *kong.Node, version string) error {
	root := tree(app)
	var text strings.Builder
	fmt.Fprintf(&text, ".TH %s 1 \"\" %s\n", strings.ToUpper(app.Name), argument(app.Name+" "+version))
	section(&text, "NAME")
	fmt.Fprintf(&text, "%s \\- %s\n", roff(app.Name), roff(sentence(app.Help)))
	section(&text, "SYNOPSIS")
	fmt.Fprintf(&text, ".B %s\n[\\fIcommand\\fR] [\\fIflags\\fR]\n", roff(app.Name))
	section(&text, "COMMANDS")
	for _, c := range root.all() {
		if len(c.children) == 0 {
			writeCommand(&text, app.Name, c)
		}
	}
	text.WriteString(manualEnd)
	_, err := io.WriteString(w, text.String())
	return err
}

// writeCommand describes a command and its own flags; --help is the same for all.
func writeCommand(w io.Writer, program string, c command) {
	_, _ = fmt.Fprintf(w, ".SS %s\n%s\n", argument(program+" "+c.node.Summary()), roff(c.node.Help))
	for _, f := range c.flags {
		if f.Name == "help" {
			continue
		}
		_, _ = fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(f.String()), roff(f.Help))
	}
}

func section(w io.Writer, name string) { _, _ = fmt.Fprintf(w, ".SH %s\n", name) }

// roff is a line of running text: nothing in it is a request or an escape, and its
// hyphens can be copied into a shell.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// argument is one argument of a request.
func argument(text string) string { return `"` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"` }

// manualEnd is what the model of the command line does not know (contract.md,
// "Commands" and "Configuration").
const manualEnd = `.SH ENVIRONMENT
.TP
.B BRIDGED_*
Each scalar of the configuration: BRIDGED_ and the path of its key in capitals, joined by
underscores, as in BRIDGED_SERVER_LISTEN. They override the file.
.TP
.BR NOTIFY_SOCKET ", " WATCHDOG_USEC
Where and how often a supervisor wants to hear of the daemon, as systemd sets them.
.SH EXIT STATUS
.TP
.B 0
Success; for the daemon also that it was told to stop.
.TP
.B 1
A failure that the operator can mend. The reason is on the standard error.
.TP
.B 2
The command line is wrong.
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
Take in nothing more, finish what is in flight within 30 seconds, exit with 0.
.TP
.B SIGHUP
Read secrets and TLS certificates again.
.SH SEE ALSO
.BR bridged.toml (5)
`
