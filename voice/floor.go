package voice

const (
	floorPieces = 8  // the floor is the lowest of this many pieces
	floorPiece  = 12 // frames: together about two seconds
	floorSmooth = 5  // frames of which the mean is taken
	// quietest is where digital silence and the noise of a converter's last bits
	// end: nothing below it is worth hearing.
	quietest = -78 // decibel in one band
	// The lowest of a hundred smoothed levels lies below their mean by about this.
	floorBias = 1.5
)

// noiseFloor follows the level of the steady noise in each band: the lowest
// mean over 100 ms in the last two seconds. Speech has gaps, so it hardly
// raises the floor; a fan that starts raises it within two seconds.
type noiseFloor struct {
	recent [floorSmooth][bands]float32
	lowest [floorPieces][bands]float32
	frames int
}

func (n *noiseFloor) push(level [bands]float32) {
	n.recent[n.frames%floorSmooth] = level
	n.frames++
	if n.frames < floorSmooth {
		return
	}
	var mean [bands]float32
	for _, l := range n.recent {
		for b := range mean {
			mean[b] += l[b] / floorSmooth
		}
	}
	piece := &n.lowest[n.frames/floorPiece%floorPieces]
	if n.frames%floorPiece == 0 || n.frames == floorSmooth {
		*piece = mean
		return
	}
	for b := range mean {
		piece[b] = min(piece[b], mean[b])
	}
}

// levels is the floor as it stands; the lowest possible while nothing is known.
func (n *noiseFloor) levels() (level [bands]float32) {
	pieces := min(n.frames/floorPiece+1, floorPieces)
	for b := range level {
		level[b] = quietest
		if n.frames < floorSmooth {
			continue
		}
		low := n.lowest[0][b]
		for _, l := range n.lowest[:pieces] {
			low = min(low, l[b])
		}
		level[b] = max(quietest, low+floorBias)
	}
	return level
}
