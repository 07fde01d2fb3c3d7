package openai

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain is a llama-server where it is started like one: what it does is in the name of
// its model.
func TestMain(m *testing.M) {
	if i := slices.Index(os.Args, "--host"); i > 0 {
		llama(strings.TrimSuffix(filepath.Base(os.Args[2]), ".gguf"), os.Args[i+1])
		return
	}
	os.Exit(m.Run())
}

func llama(does, socket string) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) {
		if does == "fewer" {
			fmt.Fprint(w, `{"data":[]}`)
			return
		}
		var q struct{ Input []string }
		json.NewDecoder(r.Body).Decode(&q)
		var out vectors
		for i := range q.Input {
			out.Data = append(out.Data, vector{"embedding", i, json.RawMessage(`[0.6,0.8]`)})
		}
		out.Usage = Usage{Prompt: 7, Total: 7}
		json.NewEncoder(w).Encode(out)
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var q map[string]any
		json.NewDecoder(r.Body).Decode(&q)
		say := func(text string) {
			data, _ := json.Marshal(text)
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", data)
			http.NewResponseController(w).Flush()
		}
		end := func() {
			fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}\n\ndata: [DONE]\n\n")
		}
		switch does {
		case "echo": // what it was sent
			data, _ := json.Marshal(q)
			say(string(data))
			end()
		case "garbage":
			say("Good ")
			fmt.Fprint(w, "data: \x00\xff}{\n\n")
		case "cut":
			say("Good ")
		case "error":
			say("Good ")
			fmt.Fprint(w, "data: {\"error\":{\"code\":500,\"message\":\"out of luck\"}}\n\n")
		case "long":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"code":400,"message":"request exceeds the available context size"}}`)
		case "die":
			say("Good ")
			os.Exit(1)
		case "stall": // until whoever asks has gone, of which a file tells
			say("Good ")
			<-r.Context().Done()
			os.WriteFile(socket+".gone", nil, 0o600)
		case "endless":
			for r.Context().Err() == nil {
				say(strings.Repeat("and on ", 1000))
			}
		default:
			say("Good ")
			say("evening.")
			end()
		}
	})
	http.Serve(l, mux)
}
