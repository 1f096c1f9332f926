package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluicegate/sluice/gateway/token"
)

// hub is the application space that viewers connect to, and group those in it who
// watch the stream.
const (
	hub   = "chat"
	group = "stream"
)

// service is what the backend has of the gateway: tokens for viewers, and its REST
// API. Any goroutine may call its methods.
type service struct {
	endpoint token.Endpoint
	tokens   *token.Authority
}

func newService(endpoint, key string) (*service, error) {
	parsed, err := token.ParseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	tokens, err := token.New(token.Config{Keys: []string{key}, Endpoints: []token.Endpoint{parsed}})
	return &service{parsed, tokens}, err
}

// negotiate answers a viewer's name with the URL to connect to. A real backend would
// know who asks.
func (s *service) negotiate(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSpace(r.FormValue("name"))
	if name == "" || utf8.RuneCountInString(name) > 24 || !utf8.ValidString(name) {
		http.Error(w, "a name has 1 to 24 characters", http.StatusBadRequest)
		return
	}
	signed, err := s.tokens.MintClient(token.Client{Hub: hub, User: name, Life: 5 * time.Minute})
	if err != nil {
		log.Print(err)
		http.Error(w, "no token can be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"url": s.endpoint.ClientURL(hub) + "?access_token=" + url.QueryEscape(signed)})
}

// send has the gateway send a message to everyone in the group.
func (s *service) send(ctx context.Context, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	target := "/api/hubs/" + hub + "/groups/" + group + "/:send?api-version=2024-12-01"
	signed, err := s.tokens.MintREST(target, time.Minute)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, "POST", s.endpoint.String()+target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+signed)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		problem, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what came of it
		return fmt.Errorf("send to %s: %s: %s", group, answer.Status, problem)
	}
	return nil
}
