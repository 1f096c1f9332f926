package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// A backend that allows everybody and greets whoever says something.
func Example() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodOptions:
			w.Header().Set("WebHook-Allowed-Origin", r.Header.Get("WebHook-Request-Origin"))
		case r.Header.Get("ce-type") == "azure.webpubsub.user.say":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprintf(w, "hello %s", r.Header.Get("ce-userId"))
		}
	}))
	defer backend.Close()

	upstream, err := webhook.New(webhook.Config{
		Hub:      "chat",
		Origin:   "gateway.example.com",
		Handlers: []webhook.Handler{{URL: backend.URL, System: webhook.SystemKinds(), User: "*"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer upstream.Close(ctx)

	client := &webhook.Connection{ID: "c1", UserID: "ana"}
	if _, err := upstream.Connect(ctx, client, webhook.ConnectRequest{}); err != nil {
		fmt.Println("refused:", err)
		return
	}
	reply, err := upstream.UserEvent(ctx, client, webhook.UserEvent{Name: "say", Type: webhook.Text, Data: []byte("hi")})
	fmt.Printf("%s %v\n", reply.Data, err)
	// Output: hello ana <nil>
}
