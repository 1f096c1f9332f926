// One session or one group: what is known of it, and what may be done to it.
import { element, make } from "./dom.js";
import * as format from "./format.js";
import { get, post } from "./server.js";

const dialog = element("dialog");
const facts = element("facts");
const outcome = element("outcome");
const showMembers = element("showmembers");

let target = null; // what actions are for, as the requests name it
let members = null; // lists the members of the group that is shown
let asked = 0; // only the last answer is shown, whichever comes first

function tell(text, good) {
  outcome.textContent = text;
  outcome.dataset.outcome = good ? "good" : "bad";
}

function open(title, entries, whom, list) {
  target = whom;
  members = list;
  element("dialogtitle").textContent = title;
  facts.replaceChildren(...entries.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  showMembers.hidden = !list;
  element("closesubmit").textContent = list ? "Close all members" : "Close";
  element("actions").hidden = !whom || !allowed;
  element("noactions").hidden = !whom || allowed;
  tell("", true);
  if (!dialog.open) {
    dialog.showModal();
  }
}

const moment = (text) => `${new Date(text).toLocaleString()} (${format.span((Date.now() - Date.parse(text)) / 1000)} ago)`;

export async function showSession(id) {
  const question = ++asked;
  try {
    const s = await get("/sessions/" + encodeURIComponent(id));
    if (question !== asked) {
      return;
    }
    const metadata = Object.entries(s.metadata ?? {}).map(([key, value]) => `${key}: ${value}`);
    open("Session " + s.id, [
      ["Hub", s.hub || "(none: a route)"],
      ["User", s.user ?? "(none)"],
      ["Address", s.remoteAddr],
      ["Opened", moment(s.opened)],
      ["Last message", moment(s.active)],
      ["Queued", `${format.count(s.queuedMessages)} messages, ${format.bytes(s.queuedBytes)}`],
      ["Dropped", `${format.count(s.dropped)} messages`],
      ["Metadata", metadata.join("\n") || "(none)"],
      [`Groups (${s.groups?.length ?? 0})`, s.groups?.join("\n") ?? "(none)"],
    ], { session: s.id }, null);
  } catch (fault) {
    if (question === asked) {
      open("Session " + id, [], null, null);
      tell(fault.message, false);
    }
  }
}

export function showGroup(hub, group, list) {
  asked++;
  open("Group " + group.name, [
    ["Hub", hub],
    ["Class", group.class],
    ["Members", format.count(group.members)],
  ], { hub, group: group.name }, list);
}

let allowed = false;
get("/actions").then((answer) => (allowed = answer.actions.length > 0), () => {});

// act sends a request and tells how it went, unless something else is shown by then.
async function act(path, body, done) {
  const whom = target;
  tell("waiting for the gateway …", true);
  const [text, good] = await post(path, { ...whom, ...body }).then((answer) => [done(answer), true], (fault) => [fault.message, false]);
  if (whom === target) {
    tell(text, good);
  }
}

element("sendto").addEventListener("submit", (event) => {
  event.preventDefault();
  act("/send", { text: element("sendtext").value }, (reach) =>
    `Sent to ${format.count(reach.sent)}, dropped for ${format.count(reach.dropped)}, closed ${format.count(reach.closed)}.`);
});

element("closethem").addEventListener("submit", (event) => {
  event.preventDefault();
  const whom = target.session ? "this session" : "every member of this group";
  if (confirm(`Close ${whom}?`)) {
    act("/close", { code: Number(element("closecode").value), reason: element("closereason").value }, () => "The close handshake has begun.");
  }
});

element("dialogclose").addEventListener("click", () => dialog.close());
showMembers.addEventListener("click", () => {
  dialog.close();
  members();
});
