package appliance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/permission"
)

// openAPI is what the test reads of page/openapi.json.
type openAPI struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]schema }
}

// schema is the part of JSON Schema that the document uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any    // a name, or a list of them
	Properties map[string]schema
	Required   []string
	Items      *schema
	Enum       []string
	AnyOf      []schema
	Additional any `json:"additionalProperties"` // false: none; else a schema or nothing
}

func readOpenAPI(t *testing.T) openAPI {
	t.Helper()
	data, err := os.ReadFile("../page/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc openAPI
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatalf("page/openapi.json: %v", err)
	}
	return doc
}

// What is documented is served, and what is served is documented. What only the command
// line may ask, /page, is neither.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	doc := readOpenAPI(t)
	b := newBox(t, oneLamp, free(), false)
	t.Cleanup(func() { b.control.Close() })
	mux := b.handler(permission.Page).(*http.ServeMux)
	documented := []string{}
	for path, methods := range doc.Paths {
		for method := range methods {
			pattern := strings.ToUpper(method) + " " + path
			documented = append(documented, pattern)
			if _, served := mux.Handler(httptest.NewRequest(strings.ToUpper(method), path, nil)); served != pattern {
				t.Errorf("page/openapi.json has %s, which is not served", pattern)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	found := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`"((?:GET|POST|PUT|DELETE) /[^"]*)"`).FindAllStringSubmatch(string(data), -1) {
			found++
			if _, page, _ := strings.Cut(m[1], " "); page == "/page" || strings.HasPrefix(page, "/page/") {
				if _, served := mux.Handler(httptest.NewRequest("POST", page, nil)); served != "" {
					t.Errorf("%s can be asked over the network", m[1])
				}
				continue
			}
			method, path, _ := strings.Cut(m[1], " ")
			_, served := mux.Handler(httptest.NewRequest(method, path, nil)) // other ports have routes of their own
			if served == m[1] && !slices.Contains(documented, m[1]) {
				t.Errorf("%s serves %s, which is not in page/openapi.json", f, m[1])
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d routes were found in the sources", found)
	}
}

// A running box answers as the document says: no field more, none less, none of another kind.
func TestOpenAPIAnswers(t *testing.T) {
	doc := readOpenAPI(t)
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"turn on the lamp", "set a pizza timer for ten minutes", "add milk to the shopping list", "what is the weather on mars", "turn on the lamp and set a timer for one minute"} {
		b.Ask(within(t), text, Request{Room: "hall"})
	}
	api := b.handler(permission.Page)
	checked := 0
	for path, methods := range doc.Paths {
		for method, o := range methods {
			content, ok := o.Responses["200"].Content["application/json"]
			if method != "get" || !ok || strings.HasPrefix(path, "/mesh") || path == "/update" { // this box has no mesh and no second system
				continue
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, httptest.NewRequestWithContext(within(t), "GET", path+"?n=10", nil))
			var answer any
			if err := json.Unmarshal(w.Body.Bytes(), &answer); w.Code != http.StatusOK || err != nil {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
				continue
			}
			checked++
			for _, fault := range doc.check(path, content.Schema, answer) {
				t.Error(fault)
			}
		}
	}
	for _, one := range []struct{ path, kind, body string }{
		{"/ask", "application/json", `{"text":"turn off the lamp"}`},
		{"/undo", "application/x-www-form-urlencoded", ""},
		{"/learned/name", "application/x-www-form-urlencoded", url.Values{"name": {"shiny"}, "device": {"light.lamp"}}.Encode()},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(within(t), "POST", one.path, strings.NewReader(one.body))
		r.Header.Set("Content-Type", one.kind)
		api.ServeHTTP(w, r)
		var answer any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); w.Code != http.StatusOK || err != nil {
			t.Errorf("%s: %d %s", one.path, w.Code, w.Body)
			continue
		}
		checked++
		for _, fault := range doc.check(one.path, doc.Paths[one.path]["post"].Responses["200"].Content["application/json"].Schema, answer) {
			t.Error(fault)
		}
	}
	if checked < 12 {
		t.Errorf("only %d answers were checked", checked)
	}
}

// check says where a value is not what a schema says.
func (doc openAPI) check(at string, s schema, v any) []string {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		found, there := doc.Components.Schemas[name]
		if !there {
			return []string{at + ": there is no schema " + name}
		}
		return doc.check(at, found, v)
	}
	kinds := []string{}
	switch k := s.Type.(type) {
	case string:
		kinds = append(kinds, k)
	case []any:
		for _, one := range k {
			kinds = append(kinds, one.(string))
		}
	}
	kind := map[bool]string{true: "null"}[v == nil]
	var faults []string
	switch v := v.(type) {
	case string:
		if kind = "string"; len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
			faults = append(faults, fmt.Sprintf("%s is %q, which is none of %q", at, v, s.Enum))
		}
	case bool:
		kind = "boolean"
	case float64:
		if kind = "number"; slices.Contains(kinds, "integer") && v == float64(int64(v)) {
			kind = "integer"
		}
	case []any:
		kind = "array"
		for i, one := range v {
			if s.Items != nil {
				faults = append(faults, doc.check(fmt.Sprintf("%s[%d]", at, i), *s.Items, one)...)
			}
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				faults = append(faults, at+" lacks "+name)
			}
		}
		for name, one := range v {
			if p, ok := s.Properties[name]; ok {
				faults = append(faults, doc.check(at+"."+name, p, one)...)
			} else if s.Additional == false {
				faults = append(faults, at+" has "+name+", which is not documented")
			}
		}
	}
	if len(kinds) > 0 && !slices.Contains(kinds, kind) {
		faults = append(faults, fmt.Sprintf("%s is %s, not %v", at, kind, kinds))
	}
	return faults
}
