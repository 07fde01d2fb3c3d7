package household

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/internal/durable"
)

// Options says what a Log is of.
type Options struct {
	File   string
	Home   string // its name
	Key    crypto.PrivKey
	Member func(peer.ID) bool // asked each time
	Kinds  []string           // what is kept; everything else is refused
}

// Log has the newest record of each thing, and what the books of this box had of them
// when they were last compared. Everything is on the disk before anybody sees it. Its methods
// may be called from any goroutine.
type Log struct {
	o    Options
	self peer.ID

	mu      sync.Mutex
	records map[string]entry
	shown   map[string]string // by key: what the books had
	begun   string            // random: another where the file was lost
	changed chan struct{}     // closed and replaced when a record changes
}

// DamagedError says that a file could not be read. The Log that Open returns beside it is
// empty, and siblings fill it.
type DamagedError struct {
	Kept string // where the damaged file is now
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("read household: %v; the damaged file is kept as %s", e.Err, e.Kept)
}
func (e *DamagedError) Unwrap() error { return e.Err }

// A file of a later version is damaged to this Cricket, unless the later one kept the file
// before it: see [durable.Earlier].
const (
	version = 1
	heading = "cricket household, version %d, sha256 %x\n"
)

// content is the file, after a line with its SHA-256.
type content struct {
	Home    string            `json:"home"`
	Begun   string            `json:"begun"`
	Records []Signed          `json:"records"`
	Shown   map[string]string `json:"shown"`
}

// Open reads the log, or begins one. What a file has of another home is left out.
func Open(o Options) (*Log, error) {
	self, err := peer.IDFromPrivateKey(o.Key)
	if err != nil {
		return nil, fmt.Errorf("open household: %w", err)
	}
	l := &Log{o: o, self: self, records: map[string]entry{}, shown: map[string]string{}, begun: rand.Text(), changed: make(chan struct{})}
	err = l.read()
	if later, ok := errors.AsType[*laterError](err); ok {
		back, failed := durable.GoBack(o.File, later.version, version)
		if failed != nil {
			return nil, fmt.Errorf("open household: go back to the file before: %w", failed)
		}
		if back {
			err = l.read()
		}
	}
	if _, other := errors.AsType[*fs.PathError](err); other {
		return nil, fmt.Errorf("open household: %w", err)
	}
	if err != nil {
		damaged := &DamagedError{Kept: o.File + ".damaged", Err: err}
		if err := os.Rename(o.File, damaged.Kept); err != nil {
			return nil, errors.Join(damaged, err)
		}
		l.records, l.shown = map[string]entry{}, map[string]string{}
		return l, damaged
	}
	return l, nil
}

// read reads the file, if there is one.
func (l *Log) read() error {
	data, err := os.ReadFile(l.o.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	line, text, _ := bytes.Cut(data, []byte("\n"))
	var v int
	if _, err := fmt.Sscanf(string(line), "cricket household, version %d,", &v); err != nil || string(line)+"\n" != fmt.Sprintf(heading, v, sha256.Sum256(text)) {
		return errors.New("it is not what was written")
	}
	if v != version {
		return &laterError{v}
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	if c.Home != l.o.Home {
		return nil
	}
	for _, s := range c.Records {
		e, err := s.open()
		if err != nil {
			return err
		}
		l.records[e.Key] = e
	}
	maps.Copy(l.shown, c.Shown)
	l.begun = c.Begun
	return nil
}

// laterError is the version of a file that a later Cricket wrote.
type laterError struct{ version int }

func (e *laterError) Error() string {
	return fmt.Sprintf("it is of version %d, and this Cricket knows version %d", e.version, version)
}

// save writes what would be; the caller sets it when it is on the disk.
func (l *Log) save(records map[string]entry, shown map[string]string) error {
	c := content{Home: l.o.Home, Begun: l.begun, Shown: shown}
	for _, key := range slices.Sorted(maps.Keys(records)) {
		c.Records = append(c.Records, records[key].signed)
	}
	text, err := json.Marshal(c)
	if err == nil {
		err = durable.Replace(l.o.File, append(fmt.Appendf(nil, heading, version, sha256.Sum256(text)), text...))
	}
	if err != nil {
		return fmt.Errorf("write household: %w", err)
	}
	return nil
}

// set makes records and shown those that count, with the lock held.
func (l *Log) set(records map[string]entry, shown map[string]string) error {
	if err := l.save(records, shown); err != nil {
		return err
	}
	news := !maps.EqualFunc(records, l.records, func(a, b entry) bool { return a.order(b) == 0 })
	l.records, l.shown = records, shown
	if news {
		close(l.changed)
		l.changed = make(chan struct{})
	}
	return nil
}

// Changed is closed when a record is another than now.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Records are those of the things that are there, by key.
func (l *Log) Records() map[string]Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]Record{}
	for key, e := range l.records {
		if !e.Gone {
			out[key] = e.Record
		}
	}
	return out
}

// Count is how many things there are of each kind.
func (l *Log) Count() map[string]int {
	out := map[string]int{}
	for _, k := range l.o.Kinds {
		out[k] = 0
	}
	for key := range l.Records() {
		out[kind(key)]++
	}
	return out
}

// Shown is what the books had, by key, when they were last compared.
func (l *Log) Shown() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.shown)
}

// Fresh is a key for a thing that has no name of its own: one of this box's that stands for
// nothing, and that is not taken. What is gone leaves its key to be used again, so that
// the log does not grow with what happens every day.
func (l *Log) Fresh(kind string, taken func(key string) bool) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := 0; ; n++ {
		key := Key(l.o.Home, kind, fmt.Sprint(l.self, " ", l.begun, " ", n))
		if e, known := l.records[key]; (!known || e.Gone) && !taken(key) {
			return key
		}
	}
}

// Change is what the books are to have under a key.
type Change struct {
	Key   string
	Value string
	Gone  bool
}

// Reconcile compares the books of this box, as they are now, with the records of
// some kinds. What somebody changed in the books since they were last compared is
// signed; what a sibling changed is returned, in the order of keys, to be
// done in the books and then told to [Log.Show]. Where both changed one thing, this box is
// the later one, unless the sibling removed it.
func (l *Log) Reconcile(own map[string]string, kinds ...string) ([]Change, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	records, shown := maps.Clone(l.records), maps.Clone(l.shown)
	var faults []error
	for key, value := range own {
		was, compared := shown[key]
		now := records[key]
		switch {
		case compared && (was == value || now.Gone): // of what is gone nothing is left to be changed
		case now.Version > 0 && !now.Gone && (now.Value == value || !compared):
			// The two came to the same, or the books have it from before there was a log; the
			// record is what siblings know.
			if now.Value == value {
				shown[key] = value
			}
		default:
			e, err := l.next(records, Record{Key: key, Value: value})
			if err != nil {
				faults = append(faults, err)
				continue
			}
			records[key], shown[key] = e, value
		}
	}
	for key := range l.shown {
		if _, there := own[key]; there || !slices.Contains(kinds, kind(key)) {
			continue
		}
		if now := records[key]; now.Version > 0 && !now.Gone {
			e, err := l.next(records, Record{Key: key, Gone: true})
			if err != nil {
				faults = append(faults, err)
				continue
			}
			records[key] = e
		}
		delete(shown, key)
	}
	if !maps.Equal(shown, l.shown) || len(records) != len(l.records) || !maps.EqualFunc(records, l.records, func(a, b entry) bool { return a.order(b) == 0 }) {
		if err := l.set(records, shown); err != nil {
			return nil, err
		}
	}
	var changes []Change
	for _, key := range slices.Sorted(maps.Keys(l.records)) {
		if !slices.Contains(kinds, kind(key)) {
			continue
		}
		value, there := own[key]
		switch r := l.records[key]; {
		case r.Gone && there:
			changes = append(changes, Change{Key: key, Gone: true})
		case !r.Gone && (!there || value != r.Value):
			changes = append(changes, Change{Key: key, Value: r.Value})
		}
	}
	return changes, errors.Join(faults...)
}

// next is a record of this box after the one that is known.
func (l *Log) next(records map[string]entry, r Record) (entry, error) {
	was, known := records[r.Key]
	switch {
	case !slices.Contains(l.o.Kinds, kind(r.Key)):
		return entry{}, fmt.Errorf("write record %q: %w", r.Key, errForeign)
	case len(r.Value) > MaxValue:
		return entry{}, fmt.Errorf("write record: it has %d bytes, and siblings are told of %d at most", len(r.Value), MaxValue)
	case !known && len(records) >= MaxRecords:
		return entry{}, fmt.Errorf("write record: the household has %d already, those that are gone among them", MaxRecords)
	case was.Version >= maxVersion-removal:
		return entry{}, errors.New("write record: it cannot be changed any more")
	}
	r.Home, r.Author, r.Version = l.o.Home, l.self, was.Version+1
	if r.Gone {
		r.Version = (was.Version/removal + 1) * removal
	}
	return sign(r, l.o.Key)
}

// Show says that changes that Reconcile returned are done in the books.
func (l *Log) Show(done []Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	shown := maps.Clone(l.shown)
	for _, c := range done {
		if delete(shown, c.Key); !c.Gone {
			shown[c.Key] = c.Value
		}
	}
	if maps.Equal(shown, l.shown) {
		return nil
	}
	return l.set(l.records, shown)
}

// Lost says that the books of some kinds are not what they were: a file was damaged, or
// is gone. What they do not have was then removed by nobody.
func (l *Log) Lost(kinds ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	shown := maps.Clone(l.shown)
	maps.DeleteFunc(shown, func(key, _ string) bool { return slices.Contains(kinds, kind(key)) })
	if maps.Equal(shown, l.shown) {
		return nil
	}
	return l.set(l.records, shown)
}

// Accept takes records that a member brought, of whomever. What is older than what is
// known changes nothing. What is refused is left out, and the error says why.
func (l *Log) Accept(all []Signed) (news int, err error) {
	var opened []entry
	var faults []error
	for _, s := range all { // without the lock: it takes time
		e, err := s.open()
		if err == nil {
			err = l.allows(e.Record)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		opened = append(opened, e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	records := maps.Clone(l.records)
	for _, e := range opened {
		was, known := records[e.Key]
		switch {
		case known && e.order(was) <= 0:
			continue
		case !known && len(records) >= MaxRecords:
			faults = append(faults, fmt.Errorf("take record: the household has %d already", MaxRecords))
			continue
		}
		records[e.Key] = e
		news++
	}
	if news > 0 {
		if err := l.set(records, l.shown); err != nil {
			return 0, err
		}
	}
	return news, errors.Join(faults...)
}

// allows says why a record does not count here.
func (l *Log) allows(r Record) error {
	switch {
	case r.Home != l.o.Home:
		return errors.New("take record: it is of another home")
	case !slices.Contains(l.o.Kinds, kind(r.Key)):
		return fmt.Errorf("take record %q: %w", r.Key, errForeign)
	case r.Author != l.self && !l.o.Member(r.Author):
		return fmt.Errorf("take record of %s: %w", r.Author.ShortString(), errStranger)
	}
	return nil
}

// Adopt signs anew what this box has of authors that are no members any more, and
// says how many there were. Versions stay, so that nothing newer is overtaken.
func (l *Log) Adopt() (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	records, n := maps.Clone(l.records), 0
	for key, e := range records {
		if e.Author == l.self || l.o.Member(e.Author) {
			continue
		}
		r := e.Record
		r.Author = l.self
		own, err := sign(r, l.o.Key)
		if err != nil {
			return 0, fmt.Errorf("adopt record: %w", err)
		}
		records[key] = own
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, l.set(records, l.shown)
}

// Sum is the same on two boxes where they have the same records.
func (l *Log) Sum() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(l.records)) {
		fmt.Fprintln(h, key, l.records[key].mark())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Marks stand for all records, by key.
func (l *Log) Marks() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]string{}
	for key, e := range l.records {
		out[key] = e.mark()
	}
	return out
}

// Differ is what this box has otherwise than the one whose marks these are, as it
// was signed, and the keys of which that one has something else.
func (l *Log) Differ(marks map[string]string) (ours []Signed, theirs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(l.records)) {
		if e := l.records[key]; marks[key] != e.mark() {
			ours = append(ours, e.signed)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(marks)) {
		if e, known := l.records[key]; !known || e.mark() != marks[key] {
			theirs = append(theirs, key)
		}
	}
	return ours, theirs
}

// Of are the records of keys, as they were signed.
func (l *Log) Of(keys []string) []Signed {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Signed
	for _, key := range keys {
		if e, ok := l.records[key]; ok {
			out = append(out, e.signed)
		}
	}
	return out
}
