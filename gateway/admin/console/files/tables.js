// The tables of the overview.
import { element } from "./dom.js";
import * as format from "./format.js";
import { fill } from "./table.js";

const hubs = element("hubs");
const reasons = element("reasons");
const classes = element("classes");
const loops = element("loops");

// Counts of the first answer, by reason: what was before the page opened.
let earlier = null;

export function show(change) {
  const perSecond = ({ now, before }, name) => format.rate(Math.max(0, now[name] - before[name]) / change.seconds);

  fill(hubs, change.pair((f) => f.hubs, (hub) => hub.name).map((hub) =>
    [hub.now.name, format.count(hub.now.sessions), format.count(hub.now.users), format.count(hub.now.groups), perSecond(hub, "published")],
  ), { numbers: [1, 2, 3, 4] });

  fill(classes, change.pair((f) => f.classes, (x) => x.hub + "\n" + x.class).map((x) =>
    [x.now.hub || "(routes)", x.now.class, x.now.policy, perSecond(x, "offered"), format.count(x.now.dropped), format.count(x.now.closed)],
  ), { numbers: [3, 4, 5] });

  fill(loops, change.pair((f) => f.loops.map((loop, n) => ({ ...loop, n })), (loop) => loop.n).map((loop) =>
    [String(loop.now.n), format.count(loop.now.sessions), format.share(Math.max(0, loop.now.busyNanoseconds - loop.before.busyNanoseconds) / 1e9 / change.seconds),
      perSecond(loop, "turns"), format.time(loop.now.longestTurnNanoseconds), format.count(loop.now.mailboxLetters)],
  ), { numbers: [0, 1, 2, 3, 4, 5] });

  earlier ??= new Map(change.before.reasons.map((r) => [r.reason, r.count]));
  fill(reasons, change.now.reasons.map((r) =>
    [r.reason, r.refusal ? "refusal" : "disconnect", format.count(Math.max(0, r.count - (earlier.get(r.reason) ?? 0))), format.count(r.count)],
  ), { numbers: [2, 3], empty: "none yet" });
}
