// The viewer's side of the chat: asks for a name, shows what is said, and says more.
import { Connection } from "./pubsub.js";

const shown = 200; // lines that are kept on the page
const element = (id) => document.getElementById(id);
const lines = element("lines");
const words = { connecting: "connecting …", open: "", lost: "the connection is lost" };

element("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(element("name").value.trim());
});

function enter(name) {
  const connection = new Connection(() => negotiate(name));
  connection.onmessage = (message) => ("text" in message ? add(message, message.from === name) : count(message));
  connection.onstate = (state) => (element("state").textContent = words[state]);
  connection.open();
  element("say").addEventListener("submit", (event) => {
    event.preventDefault();
    say(connection);
  });
  element("enter").hidden = true;
  element("say").hidden = false;
  element("text").focus();
}

// negotiate asks the backend for the URL at which a viewer of that name connects.
async function negotiate(name) {
  const answer = await fetch("/negotiate", { method: "POST", body: new URLSearchParams({ name }) });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
  return (await answer.json()).url;
}

// say sends the line that was typed. It is shown when it comes back, in the order in
// which everyone sees it.
async function say(connection) {
  const input = element("text");
  const text = input.value;
  input.value = "";
  try {
    await connection.event("say", text);
    element("state").textContent = "";
  } catch (fault) {
    element("state").textContent = `not sent: ${fault.message}`;
    input.value ||= text;
  }
}

function count({ viewers }) {
  element("viewers").textContent = viewers === 1 ? "1 viewer" : `${viewers} viewers`;
}

// add shows a line, and stays at the end unless the reader has scrolled back.
function add({ from, text }, own) {
  const following = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  const item = document.createElement("li");
  const author = document.createElement("b");
  author.textContent = from;
  author.style.setProperty("--hue", hue(from));
  item.classList.toggle("own", own);
  item.append(author, " ", text);
  lines.append(item);
  while (lines.childElementCount > shown) {
    lines.firstElementChild.remove();
  }
  if (following) {
    lines.scrollTop = lines.scrollHeight;
  }
}

// hue gives each name a colour of its own.
const hue = (name) => [...name].reduce((sum, character) => (sum * 31 + 137 * character.codePointAt(0)) % 360, 0);
