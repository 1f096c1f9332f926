"use strict";

// Lines kept on the page; a busy hub would otherwise fill the tab's memory.
const keptLines = 500;

const element = (id) => document.getElementById(id);
const path = element("path");
const connectButton = element("connect");
const disconnectButton = element("disconnect");
const state = element("state");
const messages = element("messages");
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
  1013: "try again later",
};

function addLine(kind, way, body) {
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
  const line = document.createElement("li");
  line.className = kind;
  const now = new Date();
  const time = document.createElement("time");
  time.dateTime = now.toISOString();
  time.textContent = now.toTimeString().slice(0, 8) + "." + String(now.getMilliseconds()).padStart(3, "0");
  line.append(time, cell("way", way), cell("body", body));
  messages.append(line);
  while (messages.childElementCount > keptLines) {
    messages.firstElementChild.remove();
  }
  if (atEnd) {
    messages.scrollTop = messages.scrollHeight;
  }
}

function cell(name, content) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = content;
  return span;
}

function show(name, description) {
  const open = name === "open";
  const busy = open || name === "connecting";
  state.dataset.state = name;
  state.textContent = description;
  connectButton.disabled = busy;
  disconnectButton.disabled = !busy;
  path.disabled = busy;
  text.disabled = !open;
  submit.disabled = !open;
}

function connect() {
  const url = (location.protocol === "https:" ? "wss://" : "ws://") + location.host + path.value;
  const opened = new WebSocket(url);
  let wasOpen = false;
  socket = opened;
  opened.binaryType = "arraybuffer";
  show("connecting", "connecting to " + url + " …");

  opened.addEventListener("open", () => {
    wasOpen = true;
    show("open", "connected to " + url);
    addLine("note", "", "connected to " + path.value);
    text.focus();
  });
  opened.addEventListener("message", (event) => {
    addLine("received", "received", typeof event.data === "string" ? event.data : hex(event.data));
  });
  opened.addEventListener("close", (event) => {
    const meaning = closeCodes[event.code] || "see the close code registry";
    const reason = event.reason ? ", reason “" + event.reason + "”" : "";
    const description = (wasOpen ? "closed" : "not connected") + ": code " + event.code + " (" + meaning + ")" + reason;
    show(event.code === 1000 ? "closed" : "failed", description);
    addLine("note", "", description);
    connectButton.textContent = "Reconnect";
    connectButton.focus();
  });
}

// hex shows the first bytes of a binary message.
function hex(buffer) {
  const shown = Array.from(new Uint8Array(buffer, 0, Math.min(buffer.byteLength, 64)), (byte) => byte.toString(16).padStart(2, "0"));
  return "binary, " + buffer.byteLength + " bytes: " + shown.join(" ") + (buffer.byteLength > 64 ? " …" : "");
}

element("connection").addEventListener("submit", (event) => {
  event.preventDefault();
  if (path.value) {
    connect();
  }
});

disconnectButton.addEventListener("click", () => socket.close(1000));

path.addEventListener("change", () => {
  connectButton.textContent = "Connect";
});

element("send").addEventListener("submit", (event) => {
  event.preventDefault();
  if (text.value === "") {
    return;
  }
  socket.send(text.value);
  addLine("sent", "sent", text.value);
  text.value = "";
});

element("clear").addEventListener("click", () => messages.replaceChildren());
