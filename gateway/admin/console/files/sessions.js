// The list of sessions.
import { button, element } from "./dom.js";
import { showSession } from "./dialog.js";
import * as format from "./format.js";
import { Pager } from "./pager.js";
import { fill } from "./table.js";

const hub = element("sessionhub");
const user = element("sessionuser");
const group = element("sessiongroup");
const id = element("sessionid");

const pager = new Pager(
  "/sessions",
  { state: "sessionstate", first: "sessionfirst", next: "sessionnext" },
  () => ({ hub: hub.value, user: user.value, group: group.value }),
  (page) => {
    fill(element("sessionrows"), page.sessions.map((s) => [
      button(s.id, () => showSession(s.id)),
      s.user ?? "",
      s.remoteAddr,
      format.count(s.groups?.length ?? 0),
      format.span((Date.now() - Date.parse(s.opened)) / 1000),
      format.bytes(s.queuedBytes),
      format.count(s.dropped),
    ]), { numbers: [3, 4, 5, 6], wide: [3, 4, 5, 6], empty: "no session matches" });
    return page.sessions.length;
  },
);

element("findsessions").addEventListener("submit", (event) => {
  event.preventDefault();
  pager.begin();
});
element("findsession").addEventListener("submit", (event) => {
  event.preventDefault();
  if (id.value.trim()) {
    showSession(id.value.trim());
  }
});

export const open = () => pager.begin();

// listMembers fills the form in for the members of a group.
export function listMembers(ofHub, ofGroup) {
  hub.value = ofHub;
  user.value = "";
  group.value = ofGroup;
  location.hash = "#sessions";
}
