// Package console serves the operator's web console at /console/: a shell of HTML
// for each page, and the ES modules and styles that fill it, all embedded in the
// program. It needs no build step and no other host.
//
// What the pages show and change goes through the REST API, so that a script can do
// what the console does. The session's cookie authenticates there: api.Config takes
// Console.Session for it. This package imports nothing of the project.
//
//	console.go   the handler: pages, login, logout, and the headers of all of them
//	session.go   signed cookies, which a restart leaves valid
//	once.go      the link of the first start, which logs in once
//	attempts.go  how often a client may try to log in
//	assets.go    static files, with a version in their path
//	pages.go     the pages of the navigation
//	static/      what browsers run and see; static/js/README.md says how
//	templates/   the shell and the login page
//
// To add a page: write static/js/pages/NAME.js, and static/css/NAME.css if it needs
// one. The navigation shows it as soon as it is there.
package console
