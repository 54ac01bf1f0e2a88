// Package sinks gives what happens to systems that others run, so that they need not
// ask for it: each event once and in the order of the commits, as long as nothing goes
// wrong, and at least once when something does.
//
// There is one kind so far, NATS JetStream. It is the only package that knows
// watermill-nats (decision 30).
package sinks
