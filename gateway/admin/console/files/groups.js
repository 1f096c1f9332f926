// The list of groups.
import { button, element } from "./dom.js";
import { showGroup } from "./dialog.js";
import * as format from "./format.js";
import { Pager } from "./pager.js";
import { listMembers } from "./sessions.js";
import { fill } from "./table.js";

const hub = element("grouphub");
const prefix = element("groupprefix");

const pager = new Pager(
  "/groups",
  { state: "groupstate", first: "groupfirst", next: "groupnext" },
  () => ({ hub: hub.value, prefix: prefix.value }),
  (page, { hub: of }) => {
    fill(element("grouprows"), page.groups.map((g) => [
      button(g.name, () => showGroup(of, g, () => listMembers(of, g.name))),
      g.class,
      format.count(g.members),
    ]), { numbers: [2], empty: "no group matches" });
    return page.groups.length;
  },
);

element("findgroups").addEventListener("submit", (event) => {
  event.preventDefault();
  pager.begin();
});

export const open = () => pager.begin();
