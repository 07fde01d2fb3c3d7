package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// fault is an error as the API tells it.
type fault struct {
	status  int
	kind    string // "type" of the API
	code    string // for programs; "": none
	message string
}

func (f *fault) Error() string { return f.message }

// bad is a fault of a request.
func bad(format string, args ...any) *fault {
	return &fault{http.StatusBadRequest, "invalid_request_error", "", fmt.Sprintf(format, args...)}
}

// unsupported is a fault of a request that asks for what this box does not do.
func unsupported(what string) *fault {
	return &fault{http.StatusBadRequest, "invalid_request_error", "unsupported_parameter", what + " is not supported by this box"}
}

func (f *fault) body() []byte {
	type inner struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	e := inner{Message: f.message, Type: f.kind}
	if f.code != "" {
		e.Code = &f.code
	}
	data, _ := json.Marshal(map[string]inner{"error": e}) // strings can always be written
	return data
}

// refuse answers with a fault.
func refuse(w http.ResponseWriter, f *fault) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if f.status == http.StatusTooManyRequests || f.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "10")
	}
	if f.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if f.status != http.StatusOK && f.status != http.StatusTooManyRequests {
		h.Set("Connection", "close")
	}
	w.WriteHeader(f.status)
	w.Write(f.body())
}

// faultOf is what is told of an error of the model.
func faultOf(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	if e, ok := errors.AsType[*upstreamError](err); ok {
		if e.status == http.StatusBadRequest {
			return bad("%s", e.message)
		}
		return &fault{http.StatusBadGateway, "server_error", "", e.message}
	}
	return &fault{http.StatusServiceUnavailable, "server_error", "", err.Error()}
}
