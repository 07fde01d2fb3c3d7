package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/voice/wake/net"
)

const (
	sceneSeconds   = 6
	scenesPerShard = 500
	mostSounds     = 120 // of a scene
)

// meta describes the shards to train.py. A record of a shard is, in bytes:
// features [steps][inputs], each 20 times the front end's value; a mark for each
// [word][step]; a mark of speech for each [step]; the number of sounds; the
// numbers of the sounds [longest], from 1 on.
type meta struct {
	Name     string   `json:"name"`
	Words    []string `json:"words"`
	Language string   `json:"language"`
	Steps    int      `json:"steps"`
	Inputs   int      `json:"inputs"`
	Sounds   []string `json:"sounds"`
	Longest  int      `json:"longest"`
}

// split keeps every twentieth clip for the validation, by which the threshold is
// chosen.
func split(clips []clip) (train, valid []clip) {
	for i, c := range clips {
		if i%20 == 0 {
			valid = append(valid, c)
		} else {
			train = append(train, c)
		}
	}
	return train, valid
}

// mix writes shards of scenes of the part "train" of the shelf to dir. Those
// that are there already are kept.
func mix(p plan, s shelf, dir string, shards int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	clips, err := s.read("train")
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, c := range clips {
		for _, sound := range c.Sounds {
			known[sound] = true
		}
	}
	m := meta{p.name, p.words, p.language, sceneSeconds * rate / step, 3 * net.Bands, nil, mostSounds}
	for sound := range known {
		m.Sounds = append(m.Sounds, sound)
	}
	slices.Sort(m.Sounds)
	if len(m.Sounds) > 254 {
		return fmt.Errorf("%d sounds do not fit into a byte", len(m.Sounds))
	}
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "meta.json"), text, 0o644); err != nil {
		return err
	}
	train, valid := split(clips)
	for part, of := range map[string][]clip{"train": train, "valid": valid} {
		b, err := newBank(of, p.words)
		if err != nil {
			return err
		}
		count := shards
		if part == "valid" {
			count = max(1, shards/16)
		}
		var group errgroup.Group
		group.SetLimit(runtime.NumCPU())
		for i := range count {
			path := filepath.Join(dir, fmt.Sprintf("%s-%04d.bin", part, i))
			if _, err := os.Stat(path); err == nil {
				continue
			}
			group.Go(func() error {
				return m.shard(path, b, rand.New(rand.NewPCG(p.seed, hash(part, i))))
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		log.Printf("%s: %d shards", part, count)
	}
	return nil
}

// hash makes a seed of a part's name and a number.
func hash(part string, i int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, part, " ", i)
	return h.Sum64()
}

// shard writes one file. It is there only when it is complete.
func (m *meta) shard(path string, b *bank, r *rand.Rand) error {
	var out bytes.Buffer
	for range scenesPerShard {
		scene, err := newScene(b, sceneSeconds, r)
		if err != nil {
			return err
		}
		m.record(&out, scene)
	}
	if err := os.WriteFile(path+".new", out.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (m *meta) record(out *bytes.Buffer, s *scene) {
	front := net.NewFrontEnd()
	for rest, left := pcm(s.x), m.Steps*3; left > 0; left-- {
		var bands []float32
		rest, bands = front.Next(rest)
		for _, v := range bands {
			out.WriteByte(byte(math.Round(float64(20 * v))))
		}
	}
	for _, marks := range s.marks {
		out.Write(marks)
	}
	out.Write(s.speech)
	sounds := s.sounds[:min(len(s.sounds), m.Longest)]
	out.WriteByte(byte(len(sounds)))
	ids := make([]byte, m.Longest)
	for i, sound := range sounds {
		ids[i] = byte(slices.Index(m.Sounds, sound) + 1)
	}
	out.Write(ids)
}
