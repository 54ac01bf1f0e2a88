package media

import (
	"image"
	"image/draw"
)

// plane is a grid of samples that is read row by row, so that no copy of a large
// picture in another form is ever needed.
type plane struct {
	width, height int
	channels      int                // samples side by side
	row           func(y int) []byte // at least width times channels of them, until the next call
}

// share is by how much one dimension's samples enter a smaller one.
type share struct {
	first   int      // the first of those that enter
	weights []uint32 // of that and of those that follow it; together they are one
}

// Weights are fractions of weightOne. A sample of 8 bits times two weights, and
// the half that rounds it, fit into 32 bits.
const (
	weightBits = 12
	weightOne  = 1 << weightBits
)

// shares divides from samples among to: each gets what lies below it, however
// small a part of a sample that is.
func shares(from, to int) []share {
	all := make([]share, to)
	for i := range all {
		first, last := i*from/to, ((i+1)*from-1)/to
		weights := make([]uint32, last-first+1)
		left, right := i*from, (i+1)*from // in units of one to-th of a sample
		done := uint32(0)
		for n := range weights {
			edge := min((first+n+1)*to, right)
			upTo := uint32((edge - left) * weightOne / from)
			weights[n], done = upTo-done, upTo
		}
		all[i] = share{first: first, weights: weights}
	}
	return all
}

// shrink writes the plane in another size, each sample the average of those that
// it stands for.
func (p plane) shrink(to []byte, stride, width, height int) {
	across, down := shares(p.width, width), shares(p.height, height)
	line, sum := make([]uint32, width*p.channels), make([]uint32, width*p.channels)
	have := -1 // the row that line is of
	for y, rows := range down {
		clear(sum)
		for n, weight := range rows.weights {
			if row := rows.first + n; row != have {
				reduce(line, p.row(row), across, p.channels)
				have = row
			}
			for i, v := range line {
				sum[i] += v * weight
			}
		}
		out := to[y*stride : y*stride+len(sum)]
		for i, v := range sum {
			out[i] = byte((v + 1<<(2*weightBits-1)) >> (2 * weightBits))
		}
	}
}

// reduce is the same for one row.
func reduce(line []uint32, row []byte, across []share, channels int) {
	if channels == 1 {
		for x, s := range across {
			sum := uint32(0)
			samples := row[s.first : s.first+len(s.weights)]
			for n, weight := range s.weights {
				sum += uint32(samples[n]) * weight
			}
			line[x] = sum
		}
		return
	}
	for x, s := range across {
		for c := range channels {
			sum := uint32(0)
			for n, weight := range s.weights {
				sum += uint32(row[(s.first+n)*channels+c]) * weight
			}
			line[x*channels+c] = sum
		}
	}
}

// scaled is the picture in another size and upright: an *image.YCbCr with half as
// much colour in both directions, an *image.Gray, or an *image.RGBA.
func scaled(picture image.Image, width, height, orientation int) image.Image {
	bounds := picture.Bounds()
	if orientation == 1 && bounds.Dx() == width && bounds.Dy() == height {
		switch picture.(type) {
		case *image.YCbCr, *image.Gray:
			return picture
		}
	}
	out := image.Rect(0, 0, width, height)
	switch p := picture.(type) {
	case *image.YCbCr:
		small := image.NewYCbCr(out, image.YCbCrSubsampleRatio420)
		colour := small.Rect.Max.Add(image.Pt(1, 1)).Div(2)
		last := bounds.Max.Sub(image.Pt(1, 1))
		first := p.COffset(bounds.Min.X, bounds.Min.Y)
		across := p.COffset(last.X, bounds.Min.Y) - first + 1
		down := (p.COffset(bounds.Min.X, last.Y)-first)/p.CStride + 1
		bytesPlane(p.Y[p.YOffset(bounds.Min.X, bounds.Min.Y):], p.YStride, bounds.Dx(), bounds.Dy()).
			shrink(small.Y, small.YStride, width, height)
		bytesPlane(p.Cb[first:], p.CStride, across, down).shrink(small.Cb, small.CStride, colour.X, colour.Y)
		bytesPlane(p.Cr[first:], p.CStride, across, down).shrink(small.Cr, small.CStride, colour.X, colour.Y)
		return turned(small, orientation)
	case *image.Gray:
		small := image.NewGray(out)
		bytesPlane(p.Pix, p.Stride, bounds.Dx(), bounds.Dy()).shrink(small.Pix, small.Stride, width, height)
		return turned(small, orientation)
	}
	small := image.NewRGBA(out)
	strip := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), 1))
	plane{width: bounds.Dx(), height: bounds.Dy(), channels: 4, row: func(y int) []byte {
		draw.Draw(strip, strip.Rect, picture, bounds.Min.Add(image.Pt(0, y)), draw.Src)
		return strip.Pix
	}}.shrink(small.Pix, small.Stride, width, height)
	return turned(small, orientation)
}

func bytesPlane(pix []byte, stride, width, height int) plane {
	return plane{width: width, height: height, channels: 1, row: func(y int) []byte { return pix[y*stride:] }}
}

// turned is a picture that scaled makes, upright.
func turned(picture image.Image, orientation int) image.Image {
	if orientation == 1 {
		return picture
	}
	bounds := picture.Bounds()
	size := upright(bounds.Size(), orientation)
	out := image.Rectangle{Max: size}
	switch p := picture.(type) {
	case *image.YCbCr:
		to := image.NewYCbCr(out, p.SubsampleRatio)
		half := bounds.Max.Add(image.Pt(1, 1)).Div(2)
		turn(to.Y, to.YStride, p.Y, p.YStride, bounds.Max, 1, orientation)
		turn(to.Cb, to.CStride, p.Cb, p.CStride, half, 1, orientation)
		turn(to.Cr, to.CStride, p.Cr, p.CStride, half, 1, orientation)
		return to
	case *image.Gray:
		to := image.NewGray(out)
		turn(to.Pix, to.Stride, p.Pix, p.Stride, bounds.Max, 1, orientation)
		return to
	case *image.RGBA:
		to := image.NewRGBA(out)
		turn(to.Pix, to.Stride, p.Pix, p.Stride, bounds.Max, 4, orientation)
		return to
	}
	return picture
}

// upright is the size of a picture once it is turned.
func upright(size image.Point, orientation int) image.Point {
	if orientation >= 5 {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// turn copies the samples of a plane of some size to where they are in the
// upright picture.
func turn(to []byte, toStride int, from []byte, fromStride int, size image.Point, channels, orientation int) {
	turnedSize := upright(size, orientation)
	right, bottom := size.X-1, size.Y-1
	for y := range turnedSize.Y {
		for x := range turnedSize.X {
			fx, fy := x, y
			switch orientation {
			case 2:
				fx = right - x
			case 3:
				fx, fy = right-x, bottom-y
			case 4:
				fy = bottom - y
			case 5:
				fx, fy = y, x
			case 6:
				fx, fy = y, bottom-x
			case 7:
				fx, fy = right-y, bottom-x
			case 8:
				fx, fy = right-y, x
			}
			a, b := y*toStride+x*channels, fy*fromStride+fx*channels
			copy(to[a:a+channels], from[b:b+channels])
		}
	}
}
