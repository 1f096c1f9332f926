package settings

import (
	"strconv"
	"strings"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
)

// HubPath returns the path of a hub's settings: see [Settings.Fault]. A name with a dot
// is quoted, or it could be the path of another hub's setting.
func HubPath(name string) string {
	if strings.ContainsAny(name, `."`) {
		name = strconv.Quote(name)
	}
	return "hubs." + name
}

// Hub is a hub of the file.
type Hub struct {
	gateway.HubConfig
	// Auth says how its clients show who they are.
	Auth Auth
}

// newHub returns the hub of that name with nothing set.
func newHub(name string) Hub {
	return Hub{
		HubConfig: gateway.HubConfig{Name: name, Delivery: gateway.Delivery{}.WithDefaults()},
		Auth:      defaultAuth(),
	}
}

func hubFields(h *Hub) []field {
	at := HubPath(h.Name) + "."
	fields := []field{
		{at + "onMessage", onMessage(&h.OnMessage)},
		{at + "dispatch", dispatch(&h.Dispatch)},
		{at + "origins", list{&h.Origins, checkOrigin}},
		{at + "subprotocols", list{&h.Subprotocols, checkToken}},
		{at + "sessions", count{&h.Sessions, 0}},
		{at + "sessionsPerUser", count{&h.SessionsPerUser, 0}},
	}
	fields = append(fields, authFields(at+"auth.", &h.Auth)...)
	return append(fields, deliveryFields(at+"delivery.", &h.Delivery)...)
}

// groupsKey is the key of a hub's classes of groups.
const groupsKey = "groups"

func classPath(hub, class string) string { return HubPath(hub) + "." + groupsKey + "." + class }

func classFields(hub string, c *gateway.GroupClass) []field {
	at := classPath(hub, c.Name) + "."
	return append([]field{{at + "prefix", text{&c.Prefix}}}, deliveryFields(at, &c.Delivery)...)
}

func deliveryFields(at string, d *gateway.Delivery) []field {
	return []field{
		{at + "policy", policy(&d.Policy)},
		{at + "window", orNever{duration{&d.Window}, 0}},
		{at + "batch", size{&d.Batch}},
	}
}

func dispatch(to *gateway.Dispatch) value {
	return choice[gateway.Dispatch]{to, []option[gateway.Dispatch]{{"pooled", gateway.Pooled}, {"inline", gateway.Inline}}}
}

func onMessage(to *gateway.OnMessage) value {
	return choice[gateway.OnMessage]{to, []option[gateway.OnMessage]{
		{"discard", gateway.Discard}, {"echo", gateway.EchoBack}, {"publish", gateway.PublishToOthers}}}
}

func farewellCode(to *ws.StatusCode) value {
	return choice[ws.StatusCode]{to, []option[ws.StatusCode]{
		{"1001", ws.StatusGoingAway}, {"1012", gateway.StatusServiceRestart}}}
}

func policy(to *gateway.Policy) value {
	v := choice[gateway.Policy]{to: to}
	for p := gateway.CloseSlow; p <= gateway.Conflate; p++ {
		v.of = append(v.of, option[gateway.Policy]{p.String(), p})
	}
	return v
}
