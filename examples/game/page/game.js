// The player's side of the game: shows the states that come, and sends the heading
// when it has changed. What happens, the server decides.
import { Field, colour, disc } from "./field.js";
import { Steering } from "./steering.js";
import { heading, parse } from "./wire.js";

const element = (id) => document.getElementById(id);
const field = new Field(element("field"));
const steering = new Steering(element("field"), field);

// connect plays until the connection is lost, and then again: later each time, up to
// 30 s, and not at the same moment as everyone else.
let attempts = 0;
function connect() {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/client/hubs/game");
  socket.binaryType = "arraybuffer";
  let sent = heading({ x: 0, y: 0 });
  socket.onmessage = ({ data }) => {
    const { id, state } = parse(data);
    if (id) {
      field.own = id;
      return;
    }
    attempts = 0;
    field.show(state);
    scores(state);
    const own = state.players.get(field.own);
    const next = own ? heading(steering.heading(own)) : sent;
    if (String(next) !== String(sent)) {
      socket.send((sent = next));
    }
  };
  socket.onclose = ({ reason }) => {
    status("closed", `${reason || "the connection is lost"}: connecting again …`);
    const longest = Math.min(1000 * 2 ** attempts++, 30_000);
    setTimeout(connect, longest * (0.5 + Math.random() / 2));
  };
}

function status(state, text) {
  element("status").dataset.state = state;
  element("status").textContent = text;
}

// scores shows who leads, once a second and not with each state.
let shown = 0;
function scores({ tick, players, bytes }) {
  if (Math.abs(tick - shown) < 20) {
    return;
  }
  shown = tick;
  const own = `You are player ${field.own}.`;
  if (element("status").textContent !== own) {
    status("open", own); // a reader speaks it each time that it is set
  }
  const leaders = [...players].sort(([, a], [, b]) => b.score - a.score).slice(0, 10);
  element("scores").replaceChildren(...leaders.map(([id, { score }]) => row(id, score)));
  element("pace").textContent = `20 states a second, ${bytes} bytes each`;
}

function row(id, score) {
  const item = document.createElement("li");
  const mark = document.createElement("canvas");
  mark.width = mark.height = 32;
  disc(mark.getContext("2d"), { x: 16, y: 16 }, 14, colour(id));
  const name = document.createElement("span");
  name.textContent = id === field.own ? "you" : `player ${id}`;
  item.classList.toggle("own", id === field.own);
  const points = document.createElement("span");
  points.className = "score";
  points.textContent = score;
  item.append(mark, name, points);
  return item;
}

connect();
