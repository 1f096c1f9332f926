"use strict";
// Under each plot, the values at the pointer, or at the place to which the arrow
// keys have gone.
for (const figure of document.querySelectorAll("figure")) {
  const drawing = figure.querySelector("svg");
  const cross = figure.querySelector(".cross");
  const readout = figure.querySelector(".readout");
  const curves = JSON.parse(figure.querySelector("script").textContent) ?? [];
  const places = [...new Set(curves.flatMap((curve) => curve.Points.map((point) => point.x)))].sort((a, b) => a - b);
  const nearest = (list, x, of) => list.reduce((best, one) => (Math.abs(of(one) - x) < Math.abs(of(best) - x) ? one : best));
  let at = -1;

  const show = (x) => {
    if (places.length === 0) return;
    const place = nearest(places, x, (one) => one);
    at = places.indexOf(place);
    cross.setAttribute("d", `M${place} 12L${place} 220`);
    cross.removeAttribute("hidden");
    const points = curves.map((curve) => [curve.Name, nearest(curve.Points, place, (point) => point.x)]);
    const here = nearest(points, place, ([, point]) => point.x)[1];
    readout.replaceChildren(`${here.at}:`);
    for (const [name, point] of points) {
      if (Math.abs(point.x - place) > 40) continue;
      const label = document.createElement("b");
      label.textContent = ` ${name} `;
      readout.append(" ", label, point.value);
    }
  };
  const clear = () => {
    cross.setAttribute("hidden", "");
    readout.replaceChildren();
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const view = drawing.viewBox.baseVal;
    const scale = Math.min(box.width / view.width, box.height / view.height);
    show((event.clientX - box.left - (box.width - view.width * scale) / 2) / scale);
  });
  drawing.addEventListener("pointerleave", clear);
  drawing.addEventListener("blur", clear);
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -places.length, End: places.length }[event.key];
    if (step === undefined || places.length === 0) return;
    event.preventDefault();
    show(places[Math.min(places.length - 1, Math.max(0, at + step))]);
  });
}
