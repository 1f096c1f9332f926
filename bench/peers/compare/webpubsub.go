package main

import (
	"bufio"
	"net"
	"net/http"
)

// webPubSub is the REST API of Azure Web PubSub, and json.webpubsub.azure.v1 for
// members. The hub is chat.
type webPubSub struct{ key string }

var _ protocol = webPubSub{}

func (w webPubSub) join(conn net.Conn, in *bufio.Reader, user, group string) error {
	address := conn.RemoteAddr().String()
	path := "/client/hubs/chat"
	token := bearer(w.key, map[string]any{"aud": "http://" + address + path, "sub": user, "webpubsub.group": []string{group}})
	if err := upgrade(conn, in, path+"?access_token="+token, "json.webpubsub.azure.v1"); err != nil {
		return err
	}
	_, err := readFrame(in) // that it is connected
	return err
}

func (webPubSub) receive(payload []byte) (delivered, answer []byte) {
	return dataIn(payload), nil
}

func (w webPubSub) request(address, group, text string) []byte {
	path := "/api/hubs/chat/groups/" + group + "/:send"
	token := bearer(w.key, map[string]any{"aud": "http://" + address + path})
	return post(address, path+"?api-version=2024-12-01", "Authorization: Bearer "+token, "text/plain", text)
}

func (webPubSub) accepted(status int, _ []byte) bool { return status == http.StatusAccepted }
