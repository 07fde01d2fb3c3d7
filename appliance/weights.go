package appliance

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/cricket-home/cricket/mesh/weights"
	"github.com/cricket-home/cricket/models"
)

// WeightsLine is a line of what POST /weights/turn answers: for whom it waits, and at last what
// to do. The turn is kept until the caller hangs up.
type WeightsLine struct {
	Waits string `json:"waits,omitempty"`
	Has   bool   `json:"has,omitempty"`  // a sibling has the file
	Turn  bool   `json:"turn,omitempty"` // this box is to fetch it from outside
	Error string `json:"error,omitempty"`
}

// WeightsSize is the header of GET /weights that says how many bytes the whole file has.
const WeightsSize = "Cricket-Size"

// openWeights gives siblings the models, the update and the prompt that are here, and takes
// theirs.
func (b *Box) openWeights() (*weights.Node, error) {
	catalogue, err := models.Builtin()
	if err != nil {
		return nil, err
	}
	m := b.siblings.mesh
	all := shelves{models.NewShelf(Models(b.options.StateDir), catalogue), b.updates}
	if model, ok := b.model.(promptKeeper); ok {
		all = append(all, promptShelf{model})
	}
	return weights.NewNode(m.Host(), m.Siblings, b.siblingName, all, b.log.With("part", "weights")), nil
}

// shelves are all the files that siblings may take.
type shelves []weights.Shelf

// Whole is where one of them has a file, or "".
func (s shelves) Whole(sum string) string {
	for _, one := range s {
		if file := one.Whole(sum); file != "" {
			return file
		}
	}
	return ""
}

// Begun is how much of a file is there.
func (s shelves) Begun(sum string) (bytes int64) {
	for _, one := range s {
		bytes = max(bytes, one.Begun(sum))
	}
	return bytes
}

// Prompt is the saved state of a prompt, where one of them has it.
func (s shelves) Prompt(key string) (weights.Prompt, bool) {
	for _, one := range s {
		if prompts, ok := one.(weights.Prompts); ok {
			if p, ok := prompts.Prompt(key); ok {
				return p, true
			}
		}
	}
	return weights.Prompt{}, false
}

// siblingWeights asks siblings for files; nil where there is no sibling.
func (b *Box) siblingWeights() *weights.Node {
	if node := b.weights.Load(); node != nil && len(b.siblings.mesh.Siblings()) > 0 {
		return node
	}
	return nil
}

// serveWeights is for the command line alone.
func (b *Box) serveWeights(mux *http.ServeMux) { ServeWeights(mux, b.siblingWeights, b.log) }

// ServeWeights answers `cricket models pull`, which is another process than the one that
// siblings talk to. node is nil where there are none.
func ServeWeights(mux *http.ServeMux, node func() *weights.Node, log *slog.Logger) {
	handle := func(pattern string, f func(*weights.Node, http.ResponseWriter, *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			node := node()
			if node == nil {
				http.Error(w, "this box has no siblings: cricket mesh pair", http.StatusNotFound)
				return
			}
			f(node, w, r)
		})
	}
	number := func(r *http.Request, key string) int64 {
		n, _ := strconv.ParseInt(r.FormValue(key), 10, 64) // 0 is what it means where it is missing
		return n
	}
	handle("POST /weights/turn", func(n *weights.Node, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/jsonl")
		tell := func(l WeightsLine) {
			json.NewEncoder(w).Encode(l)
			http.NewResponseController(w).Flush()
		}
		has, done, err := n.Turn(r.Context(), r.FormValue("sha256"), number(r, "size"), func(line string) { tell(WeightsLine{Waits: line}) })
		if err != nil {
			tell(WeightsLine{Error: err.Error()})
			return
		}
		defer done()
		tell(WeightsLine{Has: has, Turn: !has})
		<-r.Context().Done() // also when the puller is killed
	})
	handle("GET /weights", func(n *weights.Node, w http.ResponseWriter, r *http.Request) {
		from := number(r, "from")
		body, total, err := n.Open(r.Context(), r.FormValue("sha256"), number(r, "size"), from)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		defer body.Close()
		w.Header().Set(WeightsSize, fmt.Sprint(total))
		w.Header().Set("Content-Length", fmt.Sprint(total-from))
		if _, err := io.Copy(w, body); err != nil {
			log.Info("a model did not come from siblings", "err", err)
			panic(http.ErrAbortHandler) // so that the end is not taken for the file's
		}
	})
	handle("POST /weights/wrong", func(n *weights.Node, w http.ResponseWriter, r *http.Request) { n.Wrong(r.FormValue("sha256")) })
}
