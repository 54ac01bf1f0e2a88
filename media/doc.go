// Package media keeps the bytes of files, signs the URLs by which somebody without
// credentials may fetch one, and makes files fit what a channel takes.
//
//	directory.go  the directory of files: write, open, remove
//	strays.go     files that nobody has written to for a time
//	kind.go       what type a file is taken to be
//	name.go       which names files may have
//	signer.go     signatures that open one file for a time
//
//	fit.go           what becomes of the files of a message on their way out
//	fit_picture.go   the same for a picture, and recent.go what was decided lately
//	fit_film.go      and for films and sounds
//	inspect*.go      what a file is made of, and what remains of it
//	exif.go          the orientation
//	decode.go        which pictures are decoded
//	convert.go       the search for a file that fits
//	shrink.go        smaller and upright pictures
//
// A file is on disk as a whole, or not at all: it is written beside its place and
// renamed when all of it has reached the disk. The row that tells of it is
// committed afterwards, and at the end the row goes first and then the file. So
// a row always has its file, but a crash may leave a file that no row tells of: a
// stray, which package bridge removes after a time.
package media
