// The cards of the overview: a title, one or two figures, and their plot.
import { make } from "./dom.js";
import { total } from "./change.js";
import * as format from "./format.js";
import { Plot } from "./plot.js";

const fanout = (f) => f.fanout;
const workerWait = (f) => f.workerWait;
const busy = (change) => change.pair((f) => f.loops.map((loop, n) => ({ ...loop, n })), (loop) => loop.n)
  .map(({ now, before }) => Math.max(0, now.busyNanoseconds - before.busyNanoseconds) / 1e9 / change.seconds);

const ends = (change, refusal) => change.perSecond((f) => total(f.reasons.filter((r) => r.refusal === refusal).map((r) => r.count)));

// Each figure is a name and what it is of a change. Both of a card share its scale.
const cards = [
  { title: "Connections", format: format.count, figures: { sessions: (c) => c.now.sessions, all: (c) => c.now.connections } },
  { title: "Sessions/s", format: format.rate, figures: { opened: (c) => c.perSecond((f) => f.upgraded), ended: (c) => ends(c, false) } },
  { title: "Handshakes/s", format: format.rate, figures: { accepted: (c) => c.perSecond((f) => f.accepted), refused: (c) => ends(c, true) } },
  { title: "Messages/s", format: format.rate, figures: { in: (c) => c.perSecond((f) => f.messagesIn), out: (c) => c.perSecond((f) => f.messagesOut) } },
  { title: "Bytes/s", format: format.bytes, figures: { in: (c) => c.perSecond((f) => f.bytesIn), out: (c) => c.perSecond((f) => f.bytesOut) } },
  { title: "Groups", format: format.count, figures: { groups: (c) => total(c.now.hubs.map((hub) => hub.groups)), users: (c) => total(c.now.hubs.map((hub) => hub.users)) } },
  { title: "Published/s", format: format.rate, figures: { messages: (c) => c.perSecond((f) => total(f.hubs.map((hub) => hub.published))) } },
  { title: "Fan-out latency", format: format.time, figures: { mean: (c) => c.mean(fanout), p99: (c) => c.high(fanout) } },
  { title: "Drops/s", format: format.rate, figures: { messages: (c) => c.perSecond((f) => total(f.classes.map((x) => x.dropped))), sessions: (c) => c.perSecond((f) => total(f.classes.map((x) => x.closed))) } },
  { title: "Slow clients", format: format.count, figures: { sessions: (c) => c.now.slowSessions, queued: (c) => c.now.queuedMessages } },
  { title: "Loops busy", format: format.share, figures: { busiest: (c) => Math.max(0, ...busy(c)), mean: (c) => total(busy(c)) / Math.max(1, c.now.loops.length) } },
  { title: "Longest stop, last 10 s", format: format.time, figures: { turn: (c) => Math.max(0, ...c.now.loops.map((loop) => loop.longestTurnNanoseconds)), "GC pause": (c) => c.now.memory.longestPauseNanoseconds } },
  { title: "Worker queue", format: format.count, figures: { waiting: (c) => c.now.workers.waiting, busy: (c) => c.now.workers.busy } },
  { title: "Wait for a worker", format: format.time, figures: { mean: (c) => c.mean(workerWait), p99: (c) => c.high(workerWait) } },
  { title: "Waiting elsewhere", format: format.count, figures: { mailboxes: (c) => total(c.now.loops.map((loop) => loop.mailboxLetters)), undecided: (c) => c.now.undecided } },
  { title: "Memory", format: format.bytes, figures: { resident: (c) => c.now.memory.rssBytes, queued: (c) => c.now.queuedBytes } },
];

// draw puts the cards into a container and returns what shows a change in them.
export function draw(container) {
  const updates = cards.map((card) => {
    const names = Object.keys(card.figures);
    const plot = new Plot(card.title, names, card.format);
    const values = names.map(() => make("span", "value", "–"));
    const shown = names.map((name, n) => make("div", n === 0 ? "first" : "second", values[n], make("span", "name", name)));
    container.append(make("article", "card", make("h3", "", card.title), make("div", "values", ...shown), plot.drawing, plot.legend));
    return (change) => {
      const figures = names.map((name) => card.figures[name](change));
      figures.forEach((figure, n) => (values[n].textContent = card.format(figure)));
      plot.add(change.now.at, figures);
    };
  });
  return (change) => updates.forEach((update) => update(change));
}
