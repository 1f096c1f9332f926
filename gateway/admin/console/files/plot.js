// A plot of up to two lines over the last five minutes, or over one or two as long
// as no more is known.
import { make } from "./dom.js";
import { span } from "./format.js";

const spans = [60, 120, 300]; // seconds
const longest = spans.at(-1);
const width = 300;
const gapSeconds = 4; // a longer silence, of a hidden tab for example, breaks the line
const height = 100;
const svg = "http://www.w3.org/2000/svg";

export class Plot {
  #points = [];
  #paths;
  #from = make("span", "", "");
  #scale = make("span", "", "");
  #format;

  constructor(title, names, format) {
    this.#format = format;
    this.drawing = document.createElementNS(svg, "svg");
    this.drawing.setAttribute("class", "plot");
    this.drawing.setAttribute("viewBox", `0 -4 ${width} ${height + 8}`);
    this.drawing.setAttribute("preserveAspectRatio", "none");
    this.drawing.setAttribute("role", "img");
    this.drawing.setAttribute("aria-label", `${title}: the last five minutes`);
    this.#paths = names.map((_, n) => {
      const path = document.createElementNS(svg, "path");
      path.setAttribute("class", n === 0 ? "first" : "second");
      this.drawing.prepend(path); // the first one is seen where both meet
      return path;
    });
    this.legend = make("p", "scale", this.#from, this.#scale);
  }

  // add draws what is known at a time in milliseconds.
  add(at, values) {
    this.#points.push({ at, values });
    while (at - this.#points[0].at > longest * 1000) {
      this.#points.shift();
    }
    const known = (at - this.#points[0].at) / 1000;
    const seconds = spans.find((s) => known <= s) ?? longest;
    this.#from.textContent = span(seconds);
    const top = Math.max(0, ...this.#points.flatMap((point) => point.values));
    this.#scale.textContent = "top " + this.#format(top);
    this.#paths.forEach((path, n) => path.setAttribute("d", this.#line(n, at, seconds, top || 1)));
  }

  #line(n, at, seconds, top) {
    let last = -Infinity;
    return this.#points.map((point) => {
      const x = width * (1 - (at - point.at) / 1000 / seconds);
      const y = height - (point.values[n] / top) * height;
      const pen = point.at - last > gapSeconds * 1000 ? "M" : "L";
      last = point.at;
      return `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    }).join("");
  }
}
