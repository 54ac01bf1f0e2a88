// Package store keeps the state of bridged in SQL and moves it.
//
// All writing goes through lanes (writer.go, lane.go): each takes operations that
// are waiting, runs them in one transaction, commits, and only then answers them.
// An operation is therefore SQL only and rerunnable. On SQLite there is one lane,
// with group commit; on PostgreSQL there are several, and operations that say so
// run side by side. A separate pool of connections serves the reads.
//
// The same database holds the truth and the queues. A commit that wants something
// done afterwards adds a row to the outbox, and the watermill Publisher and
// Subscriber of outbox.go hand such rows to the pipeline: woken by the commit,
// with a slow poll as a safety net, one at a time per key. Where several processes
// work on one database, leases (peers.go) say whose a task is.
//
// SQL is written once, in what SQLite and PostgreSQL share, with $1-style
// parameters; what only one database needs is in that database's folder. The
// queries of one resource stand in one file and serve both the verbs (Tx) and
// the API (DB).
package store
