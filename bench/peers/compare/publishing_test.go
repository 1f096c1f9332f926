package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// fakePubSub is a server of one group, to which members and publishers speak a
// protocol that has upgrades, frames and HTTP and nothing else.
type fakePubSub struct {
	address string
	deliver func(member net.Conn, text string) // what it does with a message for a member

	// Guarded by mu.
	mu       sync.Mutex
	members  []net.Conn
	answered []string // what members have sent
}

func startFakePubSub(t *testing.T, deliver func(net.Conn, string)) *fakePubSub {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakePubSub{address: listener.Addr().String(), deliver: deliver}
	server := &http.Server{Handler: f}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(listener) })
	t.Cleanup(func() {
		server.Close()
		f.mu.Lock()
		for _, conn := range f.members {
			conn.Close()
		}
		f.mu.Unlock()
		serving.Wait()
	})
	return f
}

func (f *fakePubSub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		text, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, conn := range f.members {
			f.deliver(conn, string(text))
		}
		fmt.Fprint(w, "published")
		return
	}
	f.mu.Lock() // so that who knows that it is a member is one
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err == nil {
		f.members = append(f.members, conn)
	}
	f.mu.Unlock()
	if err != nil {
		return
	}
	wsutil.WriteServerMessage(conn, ws.OpPing, []byte("there?"))
	go func() {
		for {
			frame, err := ws.ReadFrame(conn)
			if err != nil {
				return
			}
			f.mu.Lock()
			f.answered = append(f.answered, string(ws.UnmaskFrame(frame).Payload))
			f.mu.Unlock()
		}
	}()
}

// deliverOnce is what a server does.
func deliverOnce(member net.Conn, text string) {
	wsutil.WriteServerText(member, []byte(text))
}

// plain is the protocol of a fakePubSub. Empty frames are answered with "here".
type plain struct{}

var _ protocol = plain{}

func (plain) join(conn net.Conn, in *bufio.Reader, user, group string) error {
	return upgrade(conn, in, "/"+group+"/"+user, "")
}

func (plain) receive(payload []byte) (delivered, answer []byte) {
	if len(payload) == 0 {
		return nil, []byte("here")
	}
	return payload, nil
}

func (plain) request(address, group, text string) []byte {
	return fmt.Appendf(nil, "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", group, address, len(text), text)
}

func (plain) accepted(status int, body []byte) bool {
	return status == http.StatusOK && string(body) == "published"
}

func TestPublishing(t *testing.T) {
	server := startFakePubSub(t, func(member net.Conn, text string) {
		wsutil.WriteServerText(member, nil)
		deliverOnce(member, text)
	})
	p, err := openPublishing(t.Context(), server.address, plain{}, restRow{groups: 1, members: 3, inFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	in := bufio.NewReader(p.publishers[0])
	for range 3 {
		if err := p.publish(p.publishers[0], in, p.topics[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.failed(); err != nil {
		t.Error(err)
	}
	if n := p.published.Load(); n != 3 {
		t.Errorf("%d are published, want 3", n)
	}
	if p.latency.at(1) == 0 {
		t.Error("deliveries took no time")
	}
	// Each member has answered a ping, and an empty frame for each message.
	waitUntil(t, func() bool {
		server.mu.Lock()
		defer server.mu.Unlock()
		slices.Sort(server.answered)
		return slices.Equal(server.answered, append(slices.Repeat([]string{"here"}, 9), slices.Repeat([]string{"there?"}, 3)...))
	})
	p.forget()
	if p.published.Load() != 0 || p.latency.at(1) != 0 {
		t.Error("the figures do not begin anew")
	}
}

func TestMembersCheckWhatTheyAreDelivered(t *testing.T) {
	for name, deliver := range map[string]func(net.Conn, string){
		"twice":        func(member net.Conn, text string) { deliverOnce(member, text); deliverOnce(member, text) },
		"another":      func(member net.Conn, text string) { deliverOnce(member, strings.ToUpper(text)) },
		"an old one":   func(member net.Conn, _ string) { deliverOnce(member, message(0)) },
		"cut short":    func(member net.Conn, text string) { deliverOnce(member, text[1:]) },
		"not at all":   func(member net.Conn, _ string) { member.Close() },
		"beyond 1 KiB": func(member net.Conn, text string) { deliverOnce(member, strings.Repeat(text, 10)) },
	} {
		t.Run(name, func(t *testing.T) {
			server := startFakePubSub(t, deliver)
			p, err := openPublishing(t.Context(), server.address, plain{}, restRow{groups: 1, members: 1, inFlight: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			text := message(0)
			if name == "an old one" {
				text = message(1)
			}
			p.topics[0].text.Store(&text)
			if _, err := p.publishers[0].Write(p.topics[0].request); err != nil {
				t.Fatal(err)
			}
			waitUntil(t, func() bool { return p.failed() != nil })
		})
	}
}

func TestPublishingToNobody(t *testing.T) {
	server := startFakePubSub(t, deliverOnce)
	p, err := openPublishing(t.Context(), server.address, plain{}, restRow{groups: 1, inFlight: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	p.run(t.Context(), 10*time.Millisecond)
	if err := p.failed(); err != nil || p.published.Load() == 0 {
		t.Errorf("%d are published, %v", p.published.Load(), err)
	}
}

func TestPublishingThatIsRefused(t *testing.T) {
	server := startFakePubSub(t, deliverOnce)
	p, err := openPublishing(t.Context(), server.address, webPubSub{"key"}, restRow{groups: 1, inFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	p.run(t.Context(), time.Minute)
	if err := p.failed(); err == nil || !strings.Contains(err.Error(), "200 OK: published") {
		t.Errorf("an answer that does not say it is accepted: %v", err)
	}
}

// waitUntil waits for what happens elsewhere.
func waitUntil(t *testing.T, happened func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	often := time.NewTicker(time.Millisecond)
	defer often.Stop()
	for !happened() {
		select {
		case <-often.C:
		case <-deadline.C:
			t.Fatal("it has not happened within 10 s")
		}
	}
}
