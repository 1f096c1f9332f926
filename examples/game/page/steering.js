// Where the player wants to go: by keys, or by a pointer that is held down.
const directions = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  KeyA: [-1, 0], KeyD: [1, 0], KeyW: [0, -1], KeyS: [0, 1],
};

export class Steering {
  #held = new Set();
  #target = null;

  constructor(canvas, field) {
    addEventListener("keydown", (event) => {
      if (event.code in directions && !event.ctrlKey && !event.metaKey && !event.altKey) {
        this.#held.add(event.code);
        event.preventDefault(); // arrows would scroll
      }
    });
    addEventListener("keyup", (event) => this.#held.delete(event.code));
    addEventListener("blur", () => this.#held.clear());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#target = field.at(event);
    });
    canvas.addEventListener("pointermove", (event) => this.#target && (this.#target = field.at(event)));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => (this.#target = null));
    }
  }

  // heading returns the direction from a place: x and y from -1 to 1.
  heading(from) {
    if (this.#target) {
      const [x, y] = [this.#target.x - from.x, this.#target.y - from.y];
      const distance = Math.max(Math.hypot(x, y), 30); // near the pointer it slows down
      return { x: x / distance, y: y / distance };
    }
    let [x, y] = [0, 0];
    for (const code of this.#held) {
      x += directions[code][0];
      y += directions[code][1];
    }
    return { x: Math.sign(x), y: Math.sign(y) };
  }
}
