// A plot of up to two lines over the last five minutes.
import { make } from "./dom.js";

const spanSeconds = 300;
const gapSeconds = 4; // a longer silence, of a hidden tab for example, breaks the line
const height = 100;
const svg = "http://www.w3.org/2000/svg";

export class Plot {
  #points = [];
  #paths;
  #scale = make("span", "", "");
  #format;

  constructor(title, names, format) {
    this.#format = format;
    this.drawing = document.createElementNS(svg, "svg");
    this.drawing.setAttribute("class", "plot");
    this.drawing.setAttribute("viewBox", `0 -4 ${spanSeconds} ${height + 8}`);
    this.drawing.setAttribute("preserveAspectRatio", "none");
    this.drawing.setAttribute("role", "img");
    this.drawing.setAttribute("aria-label", `${title}: the last five minutes`);
    this.#paths = names.map((_, n) => {
      const path = document.createElementNS(svg, "path");
      path.setAttribute("class", n === 0 ? "first" : "second");
      this.drawing.append(path);
      return path;
    });
    this.legend = make("p", "scale", make("span", "", "5 min"), this.#scale);
  }

  // add draws what is known at a time in milliseconds.
  add(at, values) {
    this.#points.push({ at, values });
    while (at - this.#points[0].at > spanSeconds * 1000) {
      this.#points.shift();
    }
    const top = Math.max(0, ...this.#points.flatMap((point) => point.values));
    this.#scale.textContent = "top " + this.#format(top);
    this.#paths.forEach((path, n) => path.setAttribute("d", this.#line(n, at, top || 1)));
  }

  #line(n, at, top) {
    let last = -Infinity;
    return this.#points.map((point) => {
      const x = spanSeconds - (at - point.at) / 1000;
      const y = height - (point.values[n] / top) * height;
      const pen = x - last > gapSeconds ? "M" : "L";
      last = x;
      return `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    }).join("");
  }
}
