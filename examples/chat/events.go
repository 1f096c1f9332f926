package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// events receives what the gateway tells of the hub's clients: CloudEvents over HTTP,
// as the event handler protocol of Azure Web PubSub has them.
type events struct {
	room *room
	key  string
}

// allow says that a gateway may send events here. It asks before the first one.
func (e *events) allow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WebHook-Allowed-Origin", r.Header.Get("WebHook-Request-Origin"))
}

// take acts on an event. An answer of 2xx accepts it.
func (e *events) take(w http.ResponseWriter, r *http.Request) {
	if !e.signed(r) {
		http.Error(w, "the event is not signed by the gateway", http.StatusUnauthorized)
		return
	}
	connection := r.Header.Get("ce-connectionId")
	switch r.Header.Get("ce-type") {
	case "azure.webpubsub.sys.connect":
		// Here is decided who is let in, and what they may: a viewer is in the group
		// from the beginning, and without a role sends to the backend only.
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"groups": []string{group}})
	case "azure.webpubsub.sys.connected":
		e.room.enter(connection)
	case "azure.webpubsub.sys.disconnected":
		e.room.leave(connection)
	case "azure.webpubsub.user.say":
		e.say(w, r)
	default:
		http.Error(w, "no such event", http.StatusBadRequest)
	}
}

func (e *events) say(w http.ResponseWriter, r *http.Request) {
	user, err := url.PathUnescape(r.Header.Get("ce-userId")) // names may hold any character
	if err != nil {
		http.Error(w, "ce-userId is not percent-encoded", http.StatusBadRequest)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10))
	if err != nil {
		http.Error(w, "the text cannot be read", http.StatusBadRequest)
		return
	}
	switch err := e.room.say(r.Context(), user, string(text)); {
	case errors.Is(err, errLine):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		log.Print(err)
		http.Error(w, "the gateway cannot be reached", http.StatusBadGateway)
	}
}

// signed reports whether the event comes from who has the key. While keys are
// rotated there is a signature for each.
func (e *events) signed(r *http.Request) bool {
	mac := hmac.New(sha256.New, []byte(e.key))
	mac.Write([]byte(r.Header.Get("ce-connectionId")))
	want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Split(r.Header.Get("ce-signature"), ","), func(signature string) bool {
		return hmac.Equal([]byte(signature), []byte(want))
	})
}
