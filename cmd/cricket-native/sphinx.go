package main

/*
#cgo LDFLAGS: -lpocketsphinx
#include <stdio.h>
#include <stdlib.h>
#include <pocketsphinx.h>

// natural is the natural logarithm of an acoustic score, which the search keeps
// without its last ten bits (SENSCR_SHIFT in pocketsphinx).
static double natural(ps_decoder_t *ps, int32 score) {
	return 1024 * logmath_log_to_ln(ps_get_logmath(ps), score);
}
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice/sphinx"
)

type sphinxCommand struct {
	Dictionary string `help:"Dictionary in CMU's format; the US English one of the packages where empty."`
}

// Run serves requests until the daemon goes.
func (c sphinxCommand) Run() error {
	r, w, err := child.Pipes()
	if err != nil {
		return err
	}
	return child.Serve(r, w, "sphinx", func() (child.Handlers, any, error) {
		d, err := loadSphinx(c.Dictionary)
		if err != nil {
			return nil, nil, err
		}
		return child.Handlers{"missing": d.missing, "phrases": d.phrases, "transcribe": d.transcribe}, struct{}{}, nil
	})
}

// searchName is what the one search of each decoder is called.
const searchName = "search"

// decoder is pocketsphinx with its US English model.
type decoder struct {
	ps     *C.ps_decoder_t // of the phrases
	phones *C.ps_decoder_t // of any phones in any order: what the sound is without a grammar
	net    *sphinx.Network // the phrases; nil before there are any
}

func cstring(s string, use func(*C.char)) {
	c := C.CString(s)
	defer C.free(unsafe.Pointer(c))
	use(c)
}

func loadSphinx(dictionary string) (*decoder, error) {
	hmm, err := inRoot("usr/share/pocketsphinx/model/en-us/en-us")
	if err != nil {
		return nil, fmt.Errorf("load pocketsphinx: %w", err)
	}
	if dictionary == "" {
		if dictionary, err = inRoot("usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"); err != nil {
			return nil, fmt.Errorf("load pocketsphinx: %w", err)
		}
	}
	logFaults("ERROR")
	defer logFaults("FATAL")
	d := &decoder{}
	var both sync.WaitGroup
	both.Go(func() { d.ps = newSearch(hmm, dictionary, phraseTuning()) })
	both.Go(func() { d.phones = newSearch(hmm, "", phoneTuning()) })
	both.Wait()
	if d.ps == nil || d.phones == nil {
		return nil, fmt.Errorf("load pocketsphinx: it refuses its model in %s or the dictionary %s", hmm, dictionary)
	}
	var failed C.int
	cstring(searchName, func(name *C.char) { failed = C.ps_add_allphone_file(d.phones, name, nil) })
	if failed != 0 {
		return nil, errors.New("load pocketsphinx: it has no search over phones")
	}
	return d, nil
}

// phraseTuning keeps pocketsphinx's own beams: wider ones found no more of the
// demo's requests and took a tenth longer. Most of the time would go into the
// lattice of all that was looked at, which is needed for the best path,
// posteriors and other readings: there is none.
func phraseTuning() map[string]any {
	return map[string]any{"fsgusefiller": false, "bestpath": false}
}

// phoneTuning makes the measure that the phrases are held against cheap: its
// Gaussians are looked up afresh in every third frame only.
func phoneTuning() map[string]any {
	return map[string]any{"ds": 3, "topn": 2}
}

// logFaults sets what pocketsphinx prints. While it decodes that must be FATAL
// only: it calls speech that fits no phrase an error, and below that it prints
// what was said.
func logFaults(level string) {
	cstring(level, func(l *C.char) { C.err_set_loglevel_str(l) })
}

// newSearch returns a decoder without a grammar, nil where pocketsphinx cannot
// make it.
func newSearch(hmm, dictionary string, options map[string]any) *C.ps_decoder_t {
	config := C.ps_config_init(nil)
	defer C.ps_config_free(config)
	set := func(name string, value any) {
		cstring(name, func(n *C.char) {
			switch v := value.(type) {
			case string:
				cstring(v, func(s *C.char) { C.ps_config_set_str(config, n, s) })
			case float64:
				C.ps_config_set_float(config, n, C.double(v))
			case int:
				C.ps_config_set_int(config, n, C.long(v))
			case bool:
				b := C.int(0)
				if v {
					b = 1
				}
				C.ps_config_set_bool(config, n, b)
			}
		})
	}
	set("hmm", hmm)
	if dictionary != "" {
		set("dict", dictionary)
	}
	set("cmn", "batch")
	for name, value := range options {
		set(name, value)
	}
	return C.ps_init(config)
}

// missing answers which words the dictionary lacks.
func (d *decoder) missing(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
	var ask sphinx.Missing
	if err := json.Unmarshal(head, &ask); err != nil {
		return nil, fmt.Errorf("read the words: %w", err)
	}
	lacks := []string{}
	for _, word := range ask.Words {
		if d.pronunciation(word) == "" {
			lacks = append(lacks, word)
		}
	}
	return sphinx.Missing{Words: lacks}, nil
}

// pronunciation is how the dictionary says word, "" where it lacks it.
func (d *decoder) pronunciation(word string) string {
	var phones *C.char
	cstring(word, func(w *C.char) { phones = C.ps_lookup_word(d.ps, w) })
	defer C.free(unsafe.Pointer(phones)) // ours to free
	return C.GoString(phones)
}

// phrases loads a grammar in place of the one before, which stays when this
// one has a fault.
func (d *decoder) phrases(_ context.Context, head json.RawMessage, jsgf []byte) (any, error) {
	var ask sphinx.Phrases
	if err := json.Unmarshal(head, &ask); err != nil {
		return nil, fmt.Errorf("read the pronunciations: %w", err)
	}
	for word, phones := range ask.Pronunciations {
		if d.pronunciation(word) != "" {
			continue
		}
		cstring(word, func(w *C.char) {
			cstring(strings.Join(phones, " "), func(p *C.char) { C.ps_add_word(d.ps, w, p, 0) })
		}) // refused where a phone is none: then the word is still missing
	}
	logFaults("ERROR")
	defer logFaults("FATAL")
	if rules := sphinx.Undefined(string(jsgf)); len(rules) > 0 {
		return nil, fmt.Errorf("parse grammar: it has no rule %s", strings.Join(rules, ", "))
	}
	raw, err := d.compile(string(jsgf))
	if err != nil {
		return nil, err
	}
	net, err := sphinx.ReadNetwork(strings.NewReader(raw))
	if err != nil {
		return nil, err
	}
	dropped := net.Drop(func(word string) bool { return d.pronunciation(word) == "" })
	small, err := net.Minimal()
	if err != nil {
		return nil, err
	}
	if small.Arcs() == 0 {
		if len(dropped) == 0 {
			return nil, errors.New("load phrases: the grammar has none")
		}
		return nil, fmt.Errorf("load phrases: nothing is left of them; words without pronunciation: %s", strings.Join(dropped, ", "))
	}
	if ask.Beginnings {
		small = small.Beginnings()
	}
	if err := d.load(small.String()); err != nil {
		return nil, err
	}
	d.net = small
	return sphinx.Loaded{States: small.States(), Arcs: small.Arcs(), Dropped: dropped}, nil
}

// compile makes a network of a grammar's public rule, in the text form of
// pocketsphinx, with all its empty arcs.
func (d *decoder) compile(grammar string) (text string, err error) {
	var parsed *C.jsgf_t
	cstring(grammar, func(s *C.char) { parsed = C.jsgf_parse_string(s, nil) })
	if parsed == nil {
		return "", errors.New("parse grammar: it is not JSGF")
	}
	defer C.jsgf_grammar_free(parsed)
	rule := C.jsgf_get_public_rule(parsed)
	if rule == nil {
		return "", errors.New("parse grammar: it has no public rule")
	}
	var memory *C.char
	var size C.size_t
	file := C.open_memstream(&memory, &size)
	if file == nil {
		return "", errors.New("parse grammar: no memory")
	}
	failed := C.jsgf_write_fsg(parsed, rule, file)
	C.fclose(file)
	defer C.free(unsafe.Pointer(memory))
	if failed != 0 {
		return "", errors.New("compile grammar: pocketsphinx cannot make a network of it")
	}
	return C.GoStringN(memory, C.int(size)), nil
}

// load puts a network in place of the one before.
func (d *decoder) load(network string) error {
	c := C.CString(network)
	defer C.free(unsafe.Pointer(c))
	mode := C.CString("r")
	defer C.free(unsafe.Pointer(mode))
	file := C.fmemopen(unsafe.Pointer(c), C.size_t(len(network)), mode)
	if file == nil {
		return errors.New("load phrases: no memory")
	}
	fsg := C.fsg_model_read(file, C.ps_get_logmath(d.ps), 1)
	C.fclose(file)
	if fsg == nil {
		return errors.New("load phrases: pocketsphinx cannot read the network")
	}
	defer C.fsg_model_free(fsg)
	var failed C.int
	cstring(searchName, func(name *C.char) { failed = C.ps_add_fsg(d.ps, name, fsg) })
	if failed != 0 {
		return errors.New("load phrases: pocketsphinx refuses the network")
	}
	return nil
}

// transcribe decodes an utterance twice: with the phrases, and as any phones in
// any order. How much worse the phrases explain the sound is what tells a
// command from other speech; voice/sphinx weighs it.
func (d *decoder) transcribe(_ context.Context, _ json.RawMessage, data []byte) (any, error) {
	pcm, err := child.Samples(data)
	if err != nil {
		return nil, err
	}
	if d.net == nil {
		return nil, errors.New("hear the utterance: no phrases are loaded")
	}
	h := sphinx.Heard{Words: []sphinx.HeardWord{}, Phones: []sphinx.HeardPhone{}}
	if silent(pcm) {
		return h, nil
	}
	if len(pcm) > sphinx.Longest {
		h.Long = true
		return h, nil
	}
	quiet := make([]int16, sphinx.Around)
	pcm = slices.Concat(quiet, pcm, quiet)
	floor(pcm, 30)
	var phonesErr error
	var both sync.WaitGroup
	both.Go(func() {
		if phonesErr = decode(d.phones, pcm); phonesErr == nil {
			segments(d.phones, func(phone string, from, to int, acoustic float64) {
				h.Phones = append(h.Phones, sphinx.HeardPhone{Name: phone, Acoustic: acoustic, From: from, To: to})
			})
		}
	})
	err = decode(d.ps, pcm)
	both.Wait()
	if err := errors.Join(err, phonesErr); err != nil {
		return nil, err
	}
	h.Frames = int(C.ps_get_n_frames(d.ps))
	var text []string
	segments(d.ps, func(word string, from, to int, acoustic float64) {
		heard := sphinx.HeardWord{Text: word, Phones: []string{}, Acoustic: acoustic, From: from, To: to}
		if word == "(NULL)" { // an arc without a word
			return
		}
		if !strings.HasPrefix(word, "<") {
			heard.Phones = strings.Fields(d.pronunciation(word))
			heard.Text, _, _ = strings.Cut(word, "(") // "the(2)" is another pronunciation
			text = append(text, heard.Text)
		}
		h.Words = append(h.Words, heard)
	})
	// Pocketsphinx also gives the beginning of a phrase where none is complete.
	if d.net.Says(text) {
		h.Text = strings.Join(text, " ")
	}
	return h, nil
}

func decode(ps *C.ps_decoder_t, pcm []int16) error {
	var failed C.int
	cstring(searchName, func(name *C.char) { failed = C.ps_activate_search(ps, name) })
	if failed != 0 {
		return errors.New("hear the utterance: pocketsphinx has no search")
	}
	if C.ps_start_utt(ps) < 0 {
		return errors.New("hear the utterance: pocketsphinx does not start")
	}
	// The whole utterance at once, so that its mean is taken over all of it.
	n := C.ps_process_raw(ps, (*C.int16)(unsafe.Pointer(&pcm[0])), C.size_t(len(pcm)), 0, 1)
	if C.ps_end_utt(ps) < 0 || n < 0 {
		return errors.New("hear the utterance: pocketsphinx stops in the middle")
	}
	return nil
}

func segments(ps *C.ps_decoder_t, each func(word string, from, to int, acoustic float64)) {
	for s := C.ps_seg_iter(ps); s != nil; s = C.ps_seg_next(s) {
		var from, to C.int
		var acoustic, language, back C.int32
		C.ps_seg_frames(s, &from, &to)
		C.ps_seg_prob(s, &acoustic, &language, &back)
		each(C.GoString(C.ps_seg_word(s)), int(from), int(to)+1, float64(C.natural(ps, acoustic)))
	}
}
