package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/models"
)

// siblings are the other boxes of the home, which the daemon asks for this process.
type siblings struct{ s *session }

// openSiblings returns nil where no daemon runs, or it has no siblings.
func openSiblings(ctx context.Context) models.Siblings {
	dir := appliance.RuntimeDir()
	c, err := net.Dial("unix", appliance.Socket(dir))
	if err != nil {
		return nil // nobody to ask; `cricket doctor` tells that no daemon runs
	}
	c.Close()
	s := siblings{dial(dir, func() {})}
	// Wrong of nothing changes nothing, and is answered where there are siblings only.
	body, err := s.s.call(ctx, http.MethodPost, "/weights/wrong", nil, nil)
	if err != nil {
		return nil
	}
	body.Close()
	return s
}

func (s siblings) Turn(ctx context.Context, sha256 string, size int64, say func(string)) (has bool, done func(), err error) {
	body, err := s.s.call(ctx, http.MethodPost, "/weights/turn", url.Values{"sha256": {sha256}, "size": {fmt.Sprint(size)}}, nil)
	if err != nil {
		return false, nil, err
	}
	lines := json.NewDecoder(body)
	for {
		var l appliance.WeightsLine
		if err := lines.Decode(&l); err != nil {
			body.Close()
			return false, nil, fmt.Errorf("read answer of the box: %w", err)
		}
		switch {
		case l.Error != "":
			body.Close()
			return false, nil, errors.New(l.Error)
		case l.Has || l.Turn:
			return l.Has, func() { body.Close() }, nil
		}
		say(l.Waits)
	}
}

func (s siblings) Open(ctx context.Context, sha256 string, size, from int64) (body io.ReadCloser, total int64, err error) {
	query := url.Values{"sha256": {sha256}, "size": {fmt.Sprint(size)}, "from": {fmt.Sprint(from)}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cricket/weights?"+query.Encode(), nil)
	if err != nil {
		return nil, 0, err
	}
	answer, err := s.s.http.Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("ask the box: %w", err)
	}
	total, err = strconv.ParseInt(answer.Header.Get(appliance.WeightsSize), 10, 64)
	if answer.StatusCode != http.StatusOK || err != nil {
		defer answer.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		return nil, 0, fmt.Errorf("ask the box for a model: %s: %s", answer.Status, text)
	}
	return answer.Body, total, nil
}

func (s siblings) Wrong(sha256 string) {
	// Where the daemon has just ended it has forgotten by whom the file was.
	if body, err := s.s.call(context.Background(), http.MethodPost, "/weights/wrong", url.Values{"sha256": {sha256}}, nil); err == nil {
		body.Close()
	}
}
