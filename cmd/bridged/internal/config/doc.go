// Package config reads bridged's configuration: a TOML file, what the
// environment overrides in it, and the secrets that it keeps in files of their
// own. Without a file it makes up the embedded default.
//
// The types in config.go are the whole schema. Their struct tags say what a key
// is called, what it is when it is not written, whether it must be, and how its
// value is checked:
//
//	toml:"key"        its name; "-" for what is no key
//	default:"text"    its value where it is not written
//	required:"true"   it has to be written, and not empty
//	check:"rule"      the rule of checks.go that its value must satisfy
//	later:"true"      this version accepts it and does not act on it yet
//	reload:"no"       a secret that stays what it is until a restart
//
// A load goes through these steps, each in its own file: the TOML becomes a
// tree, and every key in it gets a line (tree.go); the environment is laid over
// the tree (environ.go); the tree is decoded into the types (decode.go); what
// concerns several keys is checked (account.go, routing.go, store.go). No step
// stops at the first mistake: the operator sees all of them at once.
package config
