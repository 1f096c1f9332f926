// A WebSocket client: it connects, sends, and shows what arrives. Where the
// server accepts the subprotocol of pubsub.js it speaks that, otherwise messages
// are sent and shown as they are.
import { element, make } from "./dom.js";
import * as pubsub from "./pubsub.js";

// Lines kept on the page, and characters of each; a busy hub would otherwise fill the
// tab's memory.
const keptLines = 500;
const keptCharacters = 4096;

const address = element("address");
const subprotocol = element("subprotocol");
const connectButton = element("connect");
const disconnectButton = element("disconnect");
const state = element("state");
const messages = element("messages");
const groupRow = element("grouprow");
const group = element("group");
const text = element("text");
const submit = element("submit");

let socket = null;

// Meanings of the close codes a client may see (RFC 6455 section 7.4.1 and the
// IANA registry).
const closeCodes = {
  1000: "normal closure",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no code in the close frame",
  1006: "connection lost, or the upgrade was refused",
  1007: "invalid text",
  1008: "policy violation",
  1009: "message too big",
  1011: "internal error",
  1012: "service restart",
  1013: "try again later",
};

const speaksPubsub = () => socket?.protocol === pubsub.subprotocol;

function addLine(kind, way, body) {
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
  const now = new Date();
  const time = make("time", "", now.toTimeString().slice(0, 8) + "." + String(now.getMilliseconds()).padStart(3, "0"));
  time.dateTime = now.toISOString();
  messages.append(make("li", kind, time, make("span", "way", way), make("span", "body", brief(body))));
  while (messages.childElementCount > keptLines) {
    messages.firstElementChild.remove();
  }
  if (atEnd) {
    messages.scrollTop = messages.scrollHeight;
  }
}

// brief cuts a long text, and says how long it is.
const brief = (text) => (text.length > keptCharacters ? `${text.slice(0, keptCharacters)} … ${text.length} characters` : text);

function show(name, description) {
  const open = name === "open";
  const busy = open || name === "connecting";
  state.dataset.state = name;
  state.textContent = description;
  connectButton.disabled = busy;
  disconnectButton.disabled = !busy;
  address.disabled = busy;
  subprotocol.disabled = busy;
  groupRow.hidden = !open || !speaksPubsub();
  text.disabled = !open;
  submit.disabled = !open;
}

function received(data) {
  if (typeof data !== "string") {
    addLine("received", "received", hex(data));
  } else if (speaksPubsub()) {
    const { way, body } = pubsub.describe(data);
    addLine("received", way, body);
  } else {
    addLine("received", "received", data);
  }
}

// hex shows the first bytes of a binary message.
function hex(buffer) {
  const shown = Array.from(new Uint8Array(buffer, 0, Math.min(buffer.byteLength, 64)), (byte) => byte.toString(16).padStart(2, "0"));
  return "binary, " + buffer.byteLength + " bytes: " + shown.join(" ") + (buffer.byteLength > 64 ? " …" : "");
}

function connect(url) {
  let opened;
  try {
    opened = new WebSocket(url, subprotocol.value ? [subprotocol.value] : []);
  } catch (fault) {
    show("failed", fault.message);
    return;
  }
  let wasOpen = false;
  socket = opened;
  opened.binaryType = "arraybuffer";
  show("connecting", "connecting to " + url + " …");

  opened.addEventListener("open", () => {
    wasOpen = true;
    show("open", "connected to " + url);
    addLine("note", "", "connected" + (opened.protocol && ", speaking " + opened.protocol));
    text.focus();
  });
  opened.addEventListener("message", (event) => received(event.data));
  opened.addEventListener("close", (event) => {
    const meaning = closeCodes[event.code] || "see the close code registry";
    const reason = event.reason ? ", reason “" + event.reason + "”" : "";
    const hint = !wasOpen && subprotocol.value ? "; does the server accept the subprotocol?" : "";
    const description = (wasOpen ? "closed" : "not connected") + ": code " + event.code + " (" + meaning + ")" + reason + hint;
    show(event.code === 1000 ? "closed" : "failed", description);
    addLine("note", "", description);
    connectButton.textContent = "Reconnect";
    connectButton.focus();
  });
}

// start begins the client. urlOf turns what the page's address control holds into
// a URL.
export function start(urlOf) {
  element("connection").addEventListener("submit", (event) => {
    event.preventDefault();
    if (address.value) {
      connect(urlOf(address.value));
    }
  });
  disconnectButton.addEventListener("click", () => socket.close(1000));
  address.addEventListener("change", () => {
    connectButton.textContent = "Connect";
  });

  element("send").addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value === "") {
      return;
    }
    socket.send(speaksPubsub() ? pubsub.publish(group.value, text.value) : text.value);
    addLine("sent", "sent", text.value);
    text.value = "";
  });
  for (const name of ["join", "leave"]) {
    element(name).addEventListener("click", () => {
      if (group.value) {
        socket.send(pubsub[name](group.value));
        addLine("sent", name, group.value);
      }
    });
  }
  element("clear").addEventListener("click", () => messages.replaceChildren());
}
