// The console: which view is shown, and what the figures go to.
import { element, make } from "./dom.js";
import { draw } from "./cards.js";
import { Change } from "./change.js";
import { start } from "./client.js";
import * as format from "./format.js";
import * as groups from "./groups.js";
import { poll } from "./poll.js";
import * as sessions from "./sessions.js";
import { show as showTables } from "./tables.js";

const views = ["overview", "sessions", "groups", "client"];
const opened = { sessions: sessions.open, groups: groups.open };

const health = element("health");
const showCards = draw(element("cards"));
let before = null;
let hubsKnown = "";

// setHealth changes the text only if it differs: it is read out.
function setHealth(kind, text) {
  if (health.textContent !== text) {
    health.dataset.health = kind;
    health.textContent = text;
  }
}

function show(figures) {
  setHealth(figures.ready ? "good" : "bad", figures.ready ? "ready" : "accepts no new sessions");
  element("process").textContent = `${figures.version}, ${figures.engine}, up ${format.span(figures.uptimeSeconds)}`;
  offerHubs(figures);
  if (before && before.uptimeSeconds <= figures.uptimeSeconds) {
    const change = new Change(before, figures);
    showCards(change);
    if (!element("overview").hidden) {
      showTables(change);
    }
  }
  before = figures;
}

// offerHubs fills the lists of hubs, once for each set of them.
function offerHubs(figures) {
  const names = figures.hubs.map((hub) => hub.name);
  if (names.join("\n") === hubsKnown) {
    return;
  }
  hubsKnown = names.join("\n");
  for (const list of document.querySelectorAll("select.hubs")) {
    list.replaceChildren(...names.map((name) => make("option", "", name)));
  }
  const base = publicBase(figures);
  const options = names.map((name) => {
    const option = make("option", "");
    option.value = `${base}/client/hubs/${encodeURIComponent(name)}`;
    return option;
  });
  element("addresses").replaceChildren(...options);
  element("address").value ||= options[0]?.value ?? base;
  openView();
}

// publicBase guesses how this browser reaches the public listener: by the address
// that it is bound to, or, where that is every address or a loopback one, by the
// host that the console was reached at.
function publicBase({ address, secured }) {
  const [, host, port] = address.match(/^(.*):(\d+)$/);
  const general = ["[::]", "0.0.0.0", "[::1]"].includes(host) || host.startsWith("127.");
  return `${secured ? "wss" : "ws"}://${general ? location.hostname : host}:${port}`;
}

function view() {
  const name = location.hash.slice(1);
  return views.includes(name) ? name : "overview";
}

function openView() {
  const current = view();
  for (const name of views) {
    element(name).hidden = name !== current;
  }
  for (const link of document.querySelectorAll("header nav a")) {
    link.ariaCurrent = link.hash === "#" + current ? "page" : null;
  }
  if (hubsKnown) {
    opened[current]?.();
  }
}

addEventListener("hashchange", openView);
element("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash names the view
  element("main").focus();
});
openView();
start((address) => address);
poll(show, (fault) => setHealth("bad", fault.name === "TypeError" || fault.name === "TimeoutError" ? "the gateway does not answer" : fault.message));
