package secure

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// TestEchoWithCryptoTLS has the standard library's client talk to a session:
// every suite and version, records cut anywhere, messages of all sizes, and the
// end announced by both.
func TestEchoWithCryptoTLS(t *testing.T) {
	cert, pool := certificate(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprintf("%s seed %d", tls.VersionName(version), seed), func(t *testing.T) {
				t.Parallel()
				config := &tls.Config{Certificates: []tls.Certificate{cert}}
				config.SetSessionTicketKeys([][32]byte{{1}})
				socket, s, done := serve(t, config, seed)
				client := tls.Client(socket, &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: version, MaxVersion: version})
				rng := rand.New(rand.NewPCG(seed, 2))
				for range 30 {
					sent := make([]byte, 1+rng.IntN([]int{10, 1000, 17_000, 70_000}[rng.IntN(4)]))
					for i := range sent {
						sent[i] = byte(rng.Uint32())
					}
					failed := make(chan error, 1)
					go func() {
						_, err := client.Write(sent)
						failed <- err
					}()
					got := make([]byte, len(sent))
					if _, err := io.ReadFull(client, got); err != nil {
						t.Fatal(err)
					}
					if err := <-failed; err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(got, sent) {
						t.Fatal("what came back is not what was sent")
					}
				}
				client.CloseWrite()
				if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("after the close_notify: %d bytes, %v; want the end of the stream", n, err)
				}
				<-done
				if s.failed != io.EOF || s.state.Version != version {
					t.Errorf("the server ended with %v, version %x", s.failed, s.state.Version)
				}
			})
		}
	}
}

// TestResumption: what crypto/tls put into its tickets still counts, though its
// connections are not those that went on.
func TestResumption(t *testing.T) {
	cert, pool := certificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	config.SetSessionTicketKeys([][32]byte{{1}})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cache := tls.NewLRUClientSessionCache(1)
		for round := range 3 {
			socket, s, done := serve(t, config, 1)
			client := tls.Client(socket, &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: version, ClientSessionCache: cache})
			if _, err := client.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			if got := client.ConnectionState().DidResume; got != (round > 0) {
				t.Errorf("%s, round %d: resumed %v", tls.VersionName(version), round, got)
			}
			client.Close()
			<-done
			if s.failed != io.EOF {
				t.Errorf("the server ended with %v", s.failed)
			}
		}
	}
}

// pair returns the two ends of a session.
func pair(suite *suite) (client, server *session13) {
	secrets := [2][]byte{bytes.Repeat([]byte{1}, suite.hash().Size()), bytes.Repeat([]byte{2}, suite.hash().Size())}
	end := func(in, out int) *session13 {
		s := &session13{suite: suite, warm: NewWarm(1)}
		s.in.use(suite, secrets[in])
		s.out.use(suite, secrets[out])
		return s
	}
	return end(0, 1), end(1, 0)
}

// openAll opens wire, cut at random.
func openAll(s *session13, wire []byte, rng *rand.Rand) (data []byte, err error) {
	for len(wire) > 0 {
		piece := wire[:1+rng.IntN(len(wire))]
		wire = wire[len(piece):]
		for len(piece) > 0 {
			got, n, err := s.Open(piece)
			data, piece = append(data, got...), piece[n:]
			if err != nil {
				return data, err
			}
		}
	}
	return data, nil
}

// TestKeysChange: either side may change its keys and ask the other to, at any
// time (RFC 8446 §4.6.3).
func TestKeysChange(t *testing.T) {
	for _, suite := range suites {
		client, server := pair(suite)
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range 50 {
			sent := fmt.Appendf(nil, "message %d", i)
			var wire []byte
			if i%3 == 0 {
				wire = client.seal(wire, typeHandshake, [][]byte{{handshakeKeyUpdate, 0, 0, 1, byte(i % 2)}}, 5)
				client.out.update(suite)
			}
			wire = client.Seal(wire, [][]byte{sent})
			got, err := openAll(server, wire, rng)
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("round %d: %q, %v", i, got, err)
			}
			asked := i%3 == 0 && i%2 == 1
			before := client.in.key
			if got, err := openAll(client, server.Seal(nil, [][]byte{sent}), rng); err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("round %d, back: %q, %v", i, got, err)
			}
			if changed := client.in.key != before; changed != asked {
				t.Fatalf("round %d: new keys: %v; asked: %v", i, changed, asked)
			}
		}
	}
}

// TestAKeyUpdateInPieces: handshake messages may be cut into records anywhere (RFC 8446
// §5.1).
func TestAKeyUpdateInPieces(t *testing.T) {
	suite := suites[0]
	update := []byte{handshakeKeyUpdate, 0, 0, 1, 0}
	rng := rand.New(rand.NewPCG(1, 1))
	for first := 1; first < len(update); first++ {
		for second := first; second < len(update); second++ {
			client, server := pair(suite)
			var wire []byte
			for _, piece := range [][]byte{update[:first], update[first:second], update[second:]} {
				if len(piece) > 0 {
					wire = client.seal(wire, typeHandshake, [][]byte{piece}, len(piece))
				}
			}
			client.out.update(suite)
			wire = client.Seal(wire, [][]byte{[]byte("data")})
			if got, err := openAll(server, wire, rng); err != nil || string(got) != "data" {
				t.Errorf("cut at %d and %d: %q, %v", first, second, got, err)
			}
		}
	}
}

// TestKeysAreChangedOnceForManyRequests: a peer that asks again and again, and
// reads nothing, must not have an answer queued for each.
func TestKeysAreChangedOnceForManyRequests(t *testing.T) {
	suite := suites[0]
	client, server := pair(suite)
	rng := rand.New(rand.NewPCG(1, 1))
	var replies []byte
	for range 100 {
		wire := client.seal(nil, typeHandshake, [][]byte{{handshakeKeyUpdate, 0, 0, 1, 1}}, 5)
		client.out.update(suite)
		if _, err := openAll(server, client.Seal(wire, [][]byte{{'x'}}), rng); err != nil {
			t.Fatal(err)
		}
		replies = server.Reply(replies)
	}
	if len(replies) > 0 {
		t.Errorf("%d bytes are sent for 100 requests, before there is data", len(replies))
	}
	answer := server.Seal(nil, [][]byte{[]byte("data")})
	if got, err := openAll(client, answer, rng); err != nil || string(got) != "data" {
		t.Errorf("%q, %v", got, err)
	}
	if again := server.Seal(nil, [][]byte{[]byte("data")}); len(again) >= len(answer) {
		t.Error("the keys are changed a second time")
	}
}

// TestKeysChangeBeforeTheyWearOut: RFC 8446 §5.5.
func TestKeysChangeBeforeTheyWearOut(t *testing.T) {
	client, server := pair(suites[0])
	before := client.out.key
	client.out.seq, server.in.seq = suites[0].records-1, suites[0].records-1
	rng := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		if got, err := openAll(server, client.Seal(nil, [][]byte{[]byte("hello")}), rng); err != nil || string(got) != "hello" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if client.out.key == before || client.out.seq != 2 {
		t.Errorf("the keys were not changed; record %d", client.out.seq)
	}
}

// TestFaults: what a peer must not send ends the session with the alert that
// RFC 8446 asks for, of which the peer learns.
func TestFaults(t *testing.T) {
	suite := suites[0]
	inner := func(kind contentType, content ...byte) func(*session13) []byte {
		return func(c *session13) []byte { return c.seal(nil, kind, [][]byte{content}, len(content)) }
	}
	repeated := func(n int, make func(*session13) []byte) func(*session13) []byte {
		return func(c *session13) (wire []byte) {
			for range n {
				wire = append(wire, make(c)...)
			}
			return wire
		}
	}
	raw := func(p ...byte) func(*session13) []byte { return func(*session13) []byte { return p } }
	for _, test := range []struct {
		name string
		wire func(*session13) []byte
		want tls.AlertError
	}{
		{"a bit flipped", func(c *session13) []byte {
			wire := c.Seal(nil, [][]byte{[]byte("hello")})
			wire[7] ^= 1
			return wire
		}, alertBadRecordMAC},
		{"a record left out", func(c *session13) []byte {
			c.Seal(nil, [][]byte{[]byte("hello")})
			return c.Seal(nil, [][]byte{[]byte("hello")})
		}, alertBadRecordMAC},
		{"shorter than a tag", raw(23, 3, 3, 0, 2, 1, 2), alertBadRecordMAC},
		{"too long", raw(23, 3, 3, 0x41, 1), alertRecordOverflow},
		{"too much inside", func(c *session13) []byte {
			content := make([]byte, maxPlaintext+1)
			return c.seal(nil, typeData, [][]byte{content}, len(content))
		}, alertRecordOverflow},
		{"too much with its padding", func(c *session13) []byte {
			padded := append([]byte{'x', byte(typeData)}, make([]byte, maxPlaintext-1)...)
			return c.seal(nil, 0, [][]byte{padded}, len(padded))
		}, alertRecordOverflow},
		{"unprotected alert", raw(21, 3, 3, 0, 2), alertUnexpectedMessage},
		{"plain HTTP", raw([]byte("GET / HTTP/1.1\r\n")...), alertUnexpectedMessage},
		{"another version", raw(23, 3, 4, 0, 20), alertUnexpectedMessage},
		{"only padding", inner(0, 0, 0), alertUnexpectedMessage},
		{"unknown type", inner(99, 1), alertUnexpectedMessage},
		{"change of cipher", inner(typeChangeCipherSpec, 1), alertUnexpectedMessage},
		{"a second hello", inner(typeHandshake, 1, 0, 0, 0), alertUnexpectedMessage},
		{"key update that asks for 2", inner(typeHandshake, handshakeKeyUpdate, 0, 0, 1, 2), alertIllegalParameter},
		{"key update of two bytes", inner(typeHandshake, handshakeKeyUpdate, 0, 0, 2, 0, 0), alertDecodeError},
		{"key update of no bytes", inner(typeHandshake, handshakeKeyUpdate, 0, 0, 0), alertDecodeError},
		{"data behind a key update", inner(typeHandshake, handshakeKeyUpdate, 0, 0, 1, 0, 24), alertUnexpectedMessage},
		{"data within a key update", func(c *session13) []byte {
			begun := c.seal(nil, typeHandshake, [][]byte{{handshakeKeyUpdate, 0}}, 2)
			return c.Seal(begun, [][]byte{[]byte("hello")})
		}, alertUnexpectedMessage},
		{"a handshake record of no bytes", inner(typeHandshake), alertUnexpectedMessage},
		{"an alert of no bytes", inner(typeAlert), alertUnexpectedMessage},
		{"an alert of one byte", inner(typeAlert, 1), alertDecodeError},
		{"many empty records", repeated(maxUseless+1, inner(typeData)), alertUnexpectedMessage},
		{"many cancellations", repeated(maxUseless+1, inner(typeAlert, 1, byte(alertUserCanceled))), alertUnexpectedMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, server := pair(suite)
			data, err := openAll(server, test.wire(client), rand.New(rand.NewPCG(1, 1)))
			var fault *Fault
			if !errors.As(err, &fault) || fault.Alert != test.want || len(data) > 0 {
				t.Fatalf("%d bytes, %v; want alert %v", len(data), err, test.want)
			}
			reply := server.Reply(nil)
			record, err := client.open(reply)
			if !errors.Is(err, ErrAborted) || len(record) > 0 {
				t.Errorf("the peer opens what it was told to %q, %v", record, err)
			}
			if more := server.Seal(nil, [][]byte{[]byte("more")}); len(more) > 0 {
				t.Error("data follows the alert")
			}
		})
	}
}

// TestACancellationIsNotTheEnd: Java clients send user_canceled in front of the
// close_notify with which they end a session in order.
func TestACancellationIsNotTheEnd(t *testing.T) {
	client, server := pair(suites[0])
	rng := rand.New(rand.NewPCG(1, 1))
	wire := client.seal(nil, typeAlert, [][]byte{{1, byte(alertUserCanceled)}}, 2)
	wire = client.Seal(wire, [][]byte{[]byte("data")})
	if got, err := openAll(server, wire, rng); err != nil || string(got) != "data" {
		t.Fatalf("%q, %v", got, err)
	}
	wire = client.seal(nil, typeAlert, [][]byte{{1, byte(alertUserCanceled)}}, 2)
	if _, err := openAll(server, client.Close(wire), rng); err != io.EOF {
		t.Errorf("the session ended with %v, want %v", err, io.EOF)
	}
}

// TestEveryPrefixNeedsMore: a record cut short is no fault.
func TestEveryPrefixNeedsMore(t *testing.T) {
	client, _ := pair(suites[0])
	wire := client.Seal(nil, [][]byte{[]byte("hello")})
	for cut := range wire {
		_, server := pair(suites[0])
		first := bytes.Clone(wire[:cut])
		if data, n, err := server.Open(first); len(data) > 0 || n != cut || err != nil {
			t.Fatalf("the first %d bytes: %q, %d, %v", cut, data, n, err)
		}
		if data, n, err := server.Open(bytes.Clone(wire[cut:])); string(data) != "hello" || n != len(wire)-cut || err != nil {
			t.Fatalf("the rest from %d: %q, %d, %v", cut, data, n, err)
		}
	}
}

// TestTheEndBehindDataIsTold: data and the end that come together are both told,
// though nothing comes behind them.
func TestTheEndBehindDataIsTold(t *testing.T) {
	cert, pool := certificate(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			socket, s, done := serve(t, &tls.Config{Certificates: []tls.Certificate{cert}}, 1)
			held := &heldWrites{Conn: socket}
			client := tls.Client(held, &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: version})
			if err := client.Handshake(); err != nil {
				t.Fatal(err)
			}
			held.hold = true
			client.Write([]byte("last words"))
			client.CloseWrite()
			socket.SetWriteDeadline(time.Time{}) // CloseWrite has set one that is over
			if _, err := socket.Write(held.held); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(client); string(got) != "last words" || err != nil {
				t.Errorf("the answer is %q, %v; want all and the end", got, err)
			}
			socket.Close()
			if <-done; s.failed != io.EOF {
				t.Errorf("the server ended with %v", s.failed)
			}
		})
	}
}

// heldWrites collects what is written, once it holds.
type heldWrites struct {
	net.Conn
	hold bool
	held []byte
}

func (h *heldWrites) Write(p []byte) (int, error) {
	if h.hold {
		h.held = append(h.held, p...)
		return len(p), nil
	}
	return h.Conn.Write(p)
}
