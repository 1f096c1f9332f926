package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// fetchStatus returns the JSON document at url.
func fetchStatus(ctx context.Context, url string) (json.RawMessage, error) {
	body, err := fetch(ctx, url)
	switch {
	case err != nil:
		return nil, &Fault{"StatsURL", err}
	case !json.Valid(body):
		return nil, faultf("StatsURL", "%s: did not answer with JSON", url)
	}
	return body, nil
}

// fetch returns what the server answers at url.
func fetch(ctx context.Context, url string) ([]byte, error) {
	const (
		patience = 5 * time.Second
		longest  = 4 << 20
	)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", url, err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: answered %s", url, response.Status)
	case len(body) > longest:
		return nil, fmt.Errorf("%s: answered more than %d bytes", url, longest)
	}
	return body, nil
}
