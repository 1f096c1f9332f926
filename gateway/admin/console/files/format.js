// Figures as people read them.

const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// scaled divides a value by the steps that it exceeds and adds the unit reached.
function scaled(value, step, units) {
  let n = 0;
  while (n < units.length - 1 && Math.abs(value) >= step) {
    value /= step;
    n++;
  }
  return (Math.abs(value) < 1000 ? three : whole).format(value) + units[n];
}

export const count = (value) => whole.format(value);
export const rate = (value) => (value < 100_000 ? (value < 100 ? three : whole).format(value) : scaled(value, 1000, ["", " k", " M", " G"]));
export const bytes = (value) => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
export const share = (value) => three.format(Math.round(value * 1000) / 10) + " %";

// time takes nanoseconds.
export const time = (value) => (value === 0 ? "0" : scaled(value, 1000, [" ns", " µs", " ms", " s"]));

// span takes seconds, of which people want the two largest units.
export function span(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) {
    return "0 s";
  }
  let left = Math.floor(seconds);
  return parts.slice(first, first + 2).map(([size, unit]) => {
    const n = Math.floor(left / size);
    left -= n * size;
    return n ? `${n} ${unit}` : "";
  }).filter(Boolean).join(" ");
}
