package webhook_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// What printf 'c 1' | openssl dgst -sha256 -hmac primary prints, and secondary.
const signatures = "sha256=2a410687657ef4b53bd4ce335ed9318a0512473431d202e332f63d6a8188f1f7," +
	"sha256=6f77281e0d5c248efbb14b2f887f54ce25bf52e8d9b6cc12c2372740864e89e0"

func TestKeysAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got string
		u := open(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("ce-signature") },
			func(c *webhook.Config) { c.Keys = []string{"retired"} })
		for _, step := range []struct {
			keys []string
			good bool
			want string
		}{
			{[]string{"primary", "secondary"}, true, signatures},
			{[]string{"primary", ""}, false, signatures},
			{nil, true, ""},
		} {
			if err := u.SignWith(step.keys); (err == nil) != step.good {
				t.Errorf("SignWith(%q): %v", step.keys, err)
			}
			if _, err := u.UserEvent(t.Context(), &webhook.Connection{ID: "c 1"}, webhook.UserEvent{Name: "say"}); err != nil {
				t.Fatal(err)
			}
			if got != step.want {
				t.Errorf("after SignWith(%q): signed with %q, want %q", step.keys, got, step.want)
			}
		}
	})
}

// The whole head of a request, so that nothing is sent unnoticed.
func TestHeadersOfAUserEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got *http.Request
		var body []byte
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			got = r
			body, _ = io.ReadAll(r.Body)
		}, func(c *webhook.Config) { c.Keys = []string{"primary", "secondary"} })
		client := &webhook.Connection{ID: "c 1", UserID: "Ana\r\nX: \"ä%", Subprotocol: "json.webpubsub.azure.v1"}
		_, err := u.UserEvent(t.Context(), client, webhook.UserEvent{
			Name: "say", Type: webhook.Text, Data: []byte("hello"),
			Metadata: map[string]string{"trace": "a b"},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := http.Header{
			"Ce-Awpsversion":             {"1.0"},
			"Ce-Connectionid":            {"c 1"},
			"Ce-Eventname":               {"say"},
			"Ce-Hub":                     {"chat"},
			"Ce-Id":                      {"0"},
			"Ce-Signature":               {signatures},
			"Ce-Source":                  {"/hubs/chat/client/c 1"},
			"Ce-Specversion":             {"1.0"},
			"Ce-Subprotocol":             {"json.webpubsub.azure.v1"},
			"Ce-Time":                    {"2000-01-01T00:00:00Z"},
			"Ce-Type":                    {"azure.webpubsub.user.say"},
			"Ce-Userid":                  {"Ana%0D%0AX: %22%C3%A4%25"},
			"Content-Length":             {"5"},
			"Content-Type":               {"text/plain; charset=UTF-8"},
			"User-Agent":                 {"sluice"},
			"Webhook-Request-Origin":     {origin},
			"X-Webpubsub-Metadata-Trace": {"a b"},
		}
		if !reflect.DeepEqual(got.Header, want) {
			t.Errorf("got  %v\nwant %v", got.Header, want)
		}
		if got.Method != http.MethodPost || got.URL.Path != "/events/say" || string(body) != "hello" {
			t.Errorf("got %s %s with %q", got.Method, got.URL.Path, body)
		}
		if user, _ := url.PathUnescape(got.Header.Get("ce-userId")); user != client.UserID {
			t.Errorf("the user id is decoded as %q, want %q", user, client.UserID)
		}
	})
}

func TestConnectShowsTheCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, _ := gatewaytest.Certificate(t, "device.test")
		var body struct {
			Shown []struct{ Thumbprint, Content string } `json:"clientCertificates"`
		}
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
		})
		if _, err := u.Connect(t.Context(), &webhook.Connection{ID: "c1"}, webhook.ConnectRequest{Certificate: cert.Leaf}); err != nil {
			t.Fatal(err)
		}
		if len(body.Shown) != 1 {
			t.Fatalf("%d certificates are shown", len(body.Shown))
		}
		content, behind := pem.Decode([]byte(body.Shown[0].Content))
		if content == nil || content.Type != "CERTIFICATE" || !bytes.Equal(content.Bytes, cert.Leaf.Raw) || len(behind) > 0 {
			t.Errorf("the content is %q", body.Shown[0].Content)
		}
		if got, want := body.Shown[0].Thumbprint, fmt.Sprintf("%X", sha1.Sum(cert.Leaf.Raw)); got != want {
			t.Errorf("the thumbprint is %s, want %s", got, want)
		}
	})
}

func TestConnectTellsAllButTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var body map[string]any
		var header http.Header
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			header, body = r.Header, bodyOf(t, r)
			w.Header().Set("ce-connectionState", "c3RhdGU=")
			fmt.Fprint(w, `{"userId":"ana","groups":["g"],"roles":[],"subprotocol":"b","more":1}`)
		})
		query := url.Values{"access_token": {"secret"}, "v": {"1", "2"}}
		client := &webhook.Connection{ID: "c1"}
		said, err := u.Connect(t.Context(), client, webhook.ConnectRequest{
			Query:        query,
			Headers:      http.Header{"Authorization": {"Bearer secret"}, "X": {"y"}},
			Subprotocols: []string{"a", "b"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := (webhook.ConnectAnswer{UserID: "ana", Groups: []string{"g"}, Roles: []string{}, Subprotocol: "b"}); !reflect.DeepEqual(said, want) {
			t.Errorf("got %+v, want %+v", said, want)
		}
		want := map[string]any{
			"claims":             map[string]any{},
			"query":              map[string]any{"v": []any{"1", "2"}},
			"headers":            map[string]any{"X": []any{"y"}},
			"subprotocols":       []any{"a", "b"},
			"clientCertificates": []any{},
		}
		if !reflect.DeepEqual(body, want) {
			t.Errorf("got  %v\nwant %v", body, want)
		}
		if header.Get("ce-type") != "azure.webpubsub.sys.connect" || header.Get("Content-Type") != "application/json; charset=UTF-8" {
			t.Errorf("got %v", header)
		}
		if client.State() != "c3RhdGU=" || len(query["access_token"]) != 1 {
			t.Errorf("the state is %q, the caller's query %v", client.State(), query)
		}
	})
}

func TestNotificationsSayWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = append(got, fmt.Sprintf("%s %s %s", r.Header.Get("ce-id"), r.Header.Get("ce-type"), body))
		})
		client := &webhook.Connection{ID: "c1"}
		for _, n := range []webhook.Notification{
			{Kind: webhook.Connected},
			{Kind: webhook.Joined, Group: "g"},
			{Kind: webhook.Left, Group: "g"},
			{Kind: webhook.Disconnected, Reason: "idle"},
		} {
			if err := u.Notify(client, n); err != nil {
				t.Fatal(err)
			}
		}
		if err := u.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`0 azure.webpubsub.sys.connected {}`,
			`1 azure.webpubsub.gp.joined {"group":"g"}`,
			`2 azure.webpubsub.gp.left {"group":"g"}`,
			`3 azure.webpubsub.sys.disconnected {"reason":"idle"}`,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestStateAndCookiesComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []http.Header{
			{"Ce-Connectionstate": {"one"}, "Set-Cookie": {"a=1; Path=/", "b=2"}},
			{"Set-Cookie": {"a=; Max-Age=0", "c=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "d=4; Expires=Fri, 01 Jan 2100 00:00:00 GMT"}},
			{"Ce-Connectionstate": {""}},
			{},
		}
		var got []string
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			for key, values := range answers[len(got)] {
				w.Header()[key] = values
			}
			got = append(got, r.Header.Get("ce-connectionState")+"|"+r.Header.Get("Cookie"))
		})
		client := &webhook.Connection{ID: "c1"}
		for range answers {
			if _, err := u.UserEvent(t.Context(), client, webhook.UserEvent{Name: "say"}); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"|", "one|a=1; b=2", "one|b=2; d=4", "|b=2; d=4"}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestCookiesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cookies string
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			cookies = r.Header.Get("Cookie")
			for i := range 100 {
				http.SetCookie(w, &http.Cookie{Name: fmt.Sprint("k", i), Value: strings.Repeat("v", 10*i)})
			}
		})
		client := &webhook.Connection{ID: "c1"}
		for range 3 {
			if _, err := u.UserEvent(t.Context(), client, webhook.UserEvent{Name: "say"}); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(cookies, "="); n == 0 || n > 16 || len(cookies) > 4<<10+32 {
			t.Errorf("%d cookies of %d bytes came back, want some, within the bounds", n, len(cookies))
		}
	})
}

func TestEventsGoToTheFirstHandlerThatTakesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var paths []string
		var cookies []string
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			paths = append(paths, r.URL.Path+"?"+r.URL.RawQuery)
			cookies = append(cookies, r.Header.Get("Cookie"))
			http.SetCookie(w, &http.Cookie{Name: "of", Value: strings.Trim(r.URL.Path, "/")})
		}, func(c *webhook.Config) {
			c.Handlers = []webhook.Handler{
				{URL: "http://handler/a?e={event}", User: "say"},
				{URL: "http://handler/b?h={hub}", User: "*"},
			}
		})
		client := &webhook.Connection{ID: "c1"}
		for _, name := range []string{"say", "wave", "say"} {
			if _, err := u.UserEvent(t.Context(), client, webhook.UserEvent{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"/a?e=say", "/b?h=chat", "/a?e=say"}; !reflect.DeepEqual(paths, want) {
			t.Errorf("got %q, want %q", paths, want)
		}
		if want := []string{"", "", "of=a"}; !reflect.DeepEqual(cookies, want) {
			t.Errorf("cookies: got %q, want %q: none is shown to another handler", cookies, want)
		}
		if said, err := u.Connect(t.Context(), client, webhook.ConnectRequest{}); err != nil || !reflect.DeepEqual(said, webhook.ConnectAnswer{}) {
			t.Errorf("nobody takes connect: got %+v, %v, want that the client may in", said, err)
		}
		if err := u.Notify(client, webhook.Notification{Kind: webhook.Connected}); err != nil {
			t.Error(err)
		}
	})
}

func TestEventsThatCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := open(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.Header.Get("ce-type")) },
			func(c *webhook.Config) { c.Handlers[0].User = "say" })
		client := &webhook.Connection{ID: "c1"}
		many := make(map[string]string)
		for i := range 65 {
			many[fmt.Sprint("k", i)] = ""
		}
		for _, tc := range []struct {
			field string
			event webhook.UserEvent
		}{
			{"Name", webhook.UserEvent{Name: ""}},
			{"Name", webhook.UserEvent{Name: "a b"}},
			{"Name", webhook.UserEvent{Name: "a\r\nb"}},
			{"Name", webhook.UserEvent{Name: "../x"}},
			{"Name", webhook.UserEvent{Name: "9"}},
			{"Name", webhook.UserEvent{Name: strings.Repeat("a", 129)}},
			{"Type", webhook.UserEvent{Name: "say", Type: 9}},
			{"Metadata", webhook.UserEvent{Name: "say", Metadata: map[string]string{"": ""}}},
			{"Metadata", webhook.UserEvent{Name: "say", Metadata: map[string]string{"a: b": ""}}},
			{"Metadata", webhook.UserEvent{Name: "say", Metadata: map[string]string{"a\r\nb": ""}}},
			{"Metadata", webhook.UserEvent{Name: "say", Metadata: map[string]string{"a": "1", "A": "2"}}},
			{"Metadata", webhook.UserEvent{Name: "say", Metadata: map[string]string{"a": strings.Repeat("x", 4<<10)}}},
			{"Metadata", webhook.UserEvent{Name: "say", Metadata: many}},
		} {
			_, err := u.UserEvent(t.Context(), client, tc.event)
			var invalid *webhook.Invalid
			if !errors.As(err, &invalid) || invalid.Field != tc.field || invalid.Problem == "" {
				t.Errorf("%.40v: got %v, want that %s is invalid", tc.event, err, tc.field)
			}
		}
		if _, err := u.UserEvent(t.Context(), client, webhook.UserEvent{Name: "wave"}); err != webhook.ErrNoHandler {
			t.Errorf("got %v, want ErrNoHandler", err)
		}
		if err := u.Notify(client, webhook.Notification{Kind: webhook.Connect}); err == nil {
			t.Error("connect was notified")
		}
	})
}

func TestTimesAreOfTheEventNotOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []string
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			times = append(times, r.Header.Get("ce-time"))
			if len(times) == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		u.Notify(&webhook.Connection{ID: "c1"}, webhook.Notification{Kind: webhook.Connected})
		pass(2 * time.Second)
		if len(times) != 2 || times[0] != times[1] {
			t.Errorf("got %q, want the same time twice", times)
		}
	})
}
