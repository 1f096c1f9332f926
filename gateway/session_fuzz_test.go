package gateway

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/pollertest"
)

const fuzzUpgrade = "GET /client/hubs/fuzz HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"

// onRig returns a gateway of one shard on a scripted kernel.
func onRig(t testing.TB, config Config) (*shard, *pollertest.Rig) {
	config = config.WithDefaults()
	g := &Gateway{config: config, ended: make(chan struct{})}
	g.buildRoutes()
	g.http = newHTTPSide(g, &net.TCPAddr{}, newRules(&g.config))
	g.live.Store(&g.config)
	g.journal = openJournal(slog.New(slog.DiscardHandler), g.config.Log)
	t.Cleanup(g.journal.close)
	rig := pollertest.New(t, poller.Config{
		Loops:       1,
		Pace:        g.config.Timeouts.pace(),
		UserTimeout: g.config.Timeouts.userTimeout(),
		Linger:      linger,
		Gate:        func(l *poller.Loop) poller.Gate { return g.shards[l.Index()].door },
	}, func(l *poller.Loop) poller.Handler {
		s := newShard(g, l, newRules(&config))
		g.shards = append(g.shards, s)
		return s
	})
	return g.shards[0], rig
}

// FuzzSession sends any bytes after an upgrade, cut anywhere, while a second
// client of the hub does nothing wrong. Whatever comes, the gateway answers in
// frames that a client understands, nothing follows its close frame, the
// bystander is served, and nothing is held once the peers are gone.
func FuzzSession(f *testing.F) {
	hello := codec.AppendMaskedFrame(nil, ws.OpText, []byte("hello"), [4]byte{1, 2, 3, 4})
	f.Add(uint8(0), hello)
	f.Add(uint8(7), codec.AppendMaskedFrame(hello, ws.OpPing, []byte("ping"), [4]byte{5, 6, 7, 8}))
	f.Add(uint8(1), codec.AppendMaskedFrame(nil, ws.OpClose, codec.AppendClose(nil, 1000, "bye"), [4]byte{9, 9, 9, 9}))
	f.Add(uint8(8), append([]byte("\xc1\x8b\x00\x00\x00\x00"), codec.Deflate(15).AppendMessage(nil, []byte("hello hello hello hello"), 1)...))
	f.Add(uint8(3), []byte("\x81\xfe\xff\xff\x00\x00\x00\x00"))
	f.Add(uint8(200), []byte("\x01\x80\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x80\x80\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, cut uint8, input []byte) {
		config := Config{Hubs: []HubConfig{{Name: "fuzz", OnMessage: EchoBack, Dispatch: Inline}}}
		config.Limits.Message = 1 << 10
		config.Compression = Compression{Enabled: cut%2 == 0, Threshold: 20}
		s, rig := onRig(t, config)
		rig.SetBuffers(4<<10, 4<<10)

		bystander, attacker := rig.Dial(), rig.Dial()
		bystander.Write([]byte(fuzzUpgrade))
		sent, received := append([]byte(fuzzUpgrade), input...), []byte(nil)
		piece := 1 + int(cut)
		for len(sent) > 0 {
			n, err := attacker.Write(sent[:min(piece, len(sent))])
			if err != nil {
				break
			}
			sent = sent[n:]
			rig.Settle()
			received = append(received, attacker.Read()...)
			rig.Settle()
		}
		checkAnswers(t, received, config.Compression.Enabled)

		bystander.Write(hello)
		rig.Settle()
		if got := string(bystander.Read()); len(got) < 7 || got[len(got)-7:] != "\x81\x05hello" {
			t.Errorf("the bystander received %q", got)
		}
		attacker.Close()
		bystander.Close()
		rig.Pass(2 * time.Second)
		if open := rig.Stats().Connections; open != 0 {
			t.Errorf("%d connections are left after their peers closed", open)
		}
		if s.open != 0 || s.sessions.Held() != 0 || s.shares.At(0).members.Len() != 0 {
			t.Errorf("left behind: %d sessions, %d slots, %d members", s.open, s.sessions.Held(), s.shares.At(0).members.Len())
		}
		rig.End()
	})
}

// checkAnswers holds what a client has received against the protocol.
func checkAnswers(t *testing.T, received []byte, compression bool) {
	t.Helper()
	end := codec.HeadEnd(received, 0)
	if end < 0 || string(received[:12]) != "HTTP/1.1 101" {
		t.Fatalf("the upgrade was answered with %q", received)
	}
	var decoder codec.Decoder
	limits := codec.Limits{Message: 1 << 20, Side: codec.Client, Compression: compression}
	closed := false
	for rest := received[end:]; len(rest) > 0; {
		unit, n, err := decoder.Next(rest, &limits)
		if err != nil {
			t.Fatalf("the gateway sent what a client must refuse: %v", err)
		}
		if closed {
			t.Fatalf("%q follows the close frame", rest)
		}
		if unit.Opcode == ws.OpClose {
			closed = true
			if _, _, err := codec.ParseClose(unit.Payload); err != nil {
				t.Fatalf("the gateway's close frame: %v", err)
			}
		}
		rest = rest[n:]
	}
}
