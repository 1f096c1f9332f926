package pubsub

import (
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// stage is a service whose clients are made by hand, and a gateway with their sessions.
type stage struct {
	*gatewaytest.Node
	service  *Service
	sessions chan gateway.Session
}

func newStage(t *testing.T) *stage {
	t.Helper()
	recovery, err := subprotocol.NewRecovery(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{service: &Service{config: Config{Hub: "chat"}.withDefaults(), recovery: recovery}, sessions: make(chan gateway.Session, 1)}
	s.Node = gatewaytest.StartBound(t, gateway.Config{Loops: 1, Limits: gateway.Limits{Sessions: mostSessions}, Hubs: []gateway.HubConfig{{Name: "chat", OnMessage: gateway.Discard, Handler: opened(s.sessions)}}}, s.service.Bind)
	return s
}

const mostSessions = 4

// opened tells of each session.
type opened chan gateway.Session

func (o opened) Open(s gateway.Session, _ *gateway.Request) { o <- s }
func (opened) Message(gateway.Session, gateway.Message)     {}
func (opened) Close(gateway.Session, gateway.Reason)        {}

// session returns a session and its peer.
func (s *stage) session(t *testing.T) (gateway.Session, *gatewaytest.Client) {
	t.Helper()
	peer := s.Dial(t, gateway.HubPath("chat"))
	return <-s.sessions, peer
}

// client returns a reliable client without a socket.
func (s *stage) client(of gateway.Session) *client {
	c := &client{terms: &terms{service: s.service, protocol: subprotocol.Protocol{Encoding: subprotocol.JSON, Reliable: true}, lasting: &lasting{id: of.ID(), met: true}}}
	s.service.reliable.add(c, nil)
	return c
}

func TestAClientThatEndsAsItBeginsIsClosed(t *testing.T) {
	s := newStage(t)
	of, peer := s.session(t)
	c := s.client(of)
	c.finish("go")
	c.begin(of, nil)
	peer.ExpectClose(ws.StatusPolicyViolation)
}

// The end of one wait may be late, when the next one has begun.
func TestALateEndOfAWaitEndsNobody(t *testing.T) {
	s := newStage(t)
	first, _ := s.session(t)
	c := s.client(first)
	for range 2 {
		c.takeUp(first)
		c.detach(first, gateway.ReasonPeerGone)
	}
	c.expire(1)
	if figures := s.service.Stats(); c.lasting.over || figures.Detached != 1 {
		t.Errorf("%+v: want the client to be waited for", figures)
	}
	c.expire(2)
	if figures := s.service.Stats(); !c.lasting.over || figures.Expired != 1 || figures.Detached != 0 || figures.Reliable != 0 {
		t.Errorf("%+v: want the client to have expired", figures)
	}
}

// Clients that connect and leave do not add up without end.
func TestAsManyAreWaitedForAsThereMayBeSessions(t *testing.T) {
	s := newStage(t)
	of, _ := s.session(t)
	for range mostSessions + 1 {
		c := s.client(of)
		c.takeUp(of)
		c.detach(of, gateway.ReasonPeerGone)
	}
	if figures := s.service.Stats(); figures.Detached != mostSessions {
		t.Errorf("%d clients are waited for, want %d", figures.Detached, mostSessions)
	}
	for _, c := range s.service.reliable.all() {
		c.finish("the test is over")
	}
}
