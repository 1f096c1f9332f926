// Draws the field. States come 20 times a second, and the screen is drawn more often:
// between two states players are drawn on their way from one to the other.
const side = 1000;
const tick = 50;

// colour gives each player a colour that is far from the one before.
export const colour = (id) => `hsl(${(id * 137.5) % 360} 80% 65%)`;

export class Field {
  #canvas;
  #before;
  #now;
  #came = 0;
  own = null;

  constructor(canvas) {
    this.#canvas = canvas;
    const frame = (time) => {
      this.#draw(time);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  // show takes the latest state.
  show(state) {
    this.#before = this.#now;
    this.#now = state;
    this.#came = performance.now();
  }

  // at returns where on the field a point of the window is.
  at({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: ((clientX - box.left) / box.width) * side, y: ((clientY - box.top) / box.height) * side };
  }

  #draw(time) {
    const size = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (this.#canvas.width !== size) {
      this.#canvas.width = this.#canvas.height = size;
    }
    const pen = this.#canvas.getContext("2d");
    pen.setTransform(size / side, 0, 0, size / side, 0, 0);
    pen.clearRect(0, 0, side, side);
    pen.font = "600 22px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    grid(pen);
    for (const crumb of this.#now?.crumbs ?? []) {
      disc(pen, crumb, 9, "#ffd166");
    }
    const part = Math.min((time - this.#came) / tick, 1);
    for (const [id, player] of this.#now?.players ?? []) {
      const from = this.#before?.players.get(id) ?? player;
      const at = { x: from.x + (player.x - from.x) * part, y: from.y + (player.y - from.y) * part };
      disc(pen, at, 26, colour(id));
      if (id === this.own) {
        ring(pen, at);
      }
      pen.fillText(player.score, at.x, at.y);
    }
  }
}

function grid(pen) {
  pen.strokeStyle = "#18213a";
  pen.lineWidth = 1;
  pen.beginPath();
  for (let n = 100; n < side; n += 100) {
    pen.moveTo(n, 0);
    pen.lineTo(n, side);
    pen.moveTo(0, n);
    pen.lineTo(side, n);
  }
  pen.stroke();
}

// disc leaves the pen dark, for what is written on it.
export function disc(pen, { x, y }, radius, fill) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  pen.fillStyle = "#0a0f1c";
}

function ring(pen, { x, y }) {
  pen.beginPath();
  pen.arc(x, y, 33, 0, 2 * Math.PI);
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 3;
  pen.stroke();
}
