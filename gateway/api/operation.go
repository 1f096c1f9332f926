package api

// operation is one that requests ask for.
type operation struct {
	name  string
	route route
	run   func(*call) (answer, error)
}

// The operations that are for no hub, by their places in the table.
const (
	unknown = iota // there is none at this path, or not by this method
	health
)

// operations is the table of all.
var operations = [...]operation{
	unknown: {name: "unknown"},
	health:  {name: "health"},

	{"sendToAll", newRoute("POST :send"), send(All)},
	{"sendToGroup", newRoute("POST groups/{group}/:send"), send(Group)},
	{"sendToUser", newRoute("POST users/{user}/:send"), send(User)},
	{"sendToConnection", newRoute("POST connections/{connection}/:send"), send(Connection)},

	{"closeAll", newRoute("POST :closeConnections"), closeSessions(All)},
	{"closeGroup", newRoute("POST groups/{group}/:closeConnections"), closeSessions(Group)},
	{"closeUser", newRoute("POST users/{user}/:closeConnections"), closeSessions(User)},
	{"closeConnection", newRoute("DELETE connections/{connection}"), closeSessions(Connection)},

	{"groupExists", newRoute("HEAD groups/{group}"), exists(Group)},
	{"userExists", newRoute("HEAD users/{user}"), exists(User)},
	{"connectionExists", newRoute("HEAD connections/{connection}"), exists(Connection)},
	{"listConnections", newRoute("GET groups/{group}/connections"), listConnections},

	{"addConnectionToGroup", newRoute("PUT groups/{group}/connections/{connection}"), join(Connection)},
	{"removeConnectionFromGroup", newRoute("DELETE groups/{group}/connections/{connection}"), leave(Connection)},
	{"addUserToGroup", newRoute("PUT users/{user}/groups/{group}"), join(User)},
	{"removeUserFromGroup", newRoute("DELETE users/{user}/groups/{group}"), leave(User)},
	{"removeUserFromAllGroups", newRoute("DELETE users/{user}/groups"), leaveAll(User)},
	{"removeConnectionFromAllGroups", newRoute("DELETE connections/{connection}/groups"), leaveAll(Connection)},
	{"addToGroups", newRoute("POST :addToGroups"), addToGroups},
	{"removeFromGroups", newRoute("POST :removeFromGroups"), removeFromGroups},

	{"grantPermission", newRoute("PUT permissions/{permission}/connections/{connection}"), grantPermission},
	{"revokePermission", newRoute("DELETE permissions/{permission}/connections/{connection}"), revokePermission},
	{"hasPermission", newRoute("HEAD permissions/{permission}/connections/{connection}"), hasPermission},

	{"generateToken", newRoute("POST :generateToken"), generateToken},
}
