package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

var errNotServing = errors.New("does not serve yet, or not any more")

// readPage reads a JSON document of a server's admin address. The error is
// errNotServing where that server says so.
func readPage(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Close = true // a connection kept open would be one more goroutine of the server
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%s: %w", url, errNotServing)
	default:
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%s: cannot be read: %w", url, err)
	}
	return nil
}
