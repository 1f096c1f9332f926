// Rows of a table.
import { make } from "./dom.js";

// fill gives a body its rows. A cell is a text or an element; cells of the columns
// in numbers are figures, those in wide are left out on a phone. Where only texts
// have changed the rows stay, so that one can select and copy while they change.
export function fill(body, rows, { numbers = [], wide = [], empty = "none" } = {}) {
  if (rows.length > 0 && retext(body, rows)) {
    return;
  }
  const columns = body.parentElement.querySelectorAll("th").length;
  if (rows.length === 0) {
    const cell = make("td", "empty", empty);
    cell.colSpan = columns;
    body.replaceChildren(make("tr", "", cell));
    return;
  }
  body.replaceChildren(...rows.map((cells) => make("tr", "", ...cells.map((content, n) => {
    const cell = make("td", numbers.includes(n) ? "number" : "name", content);
    if (wide.includes(n)) {
      cell.classList.add("wide");
    }
    if (!(content instanceof Node)) {
      cell.title = content;
    }
    return cell;
  }))));
  body.parentElement.querySelectorAll("th").forEach((head, n) => head.classList.toggle("number", numbers.includes(n)));
}

// retext changes the texts of the rows, if they are as many as before and all are
// texts. It reports whether it did.
function retext(body, rows) {
  const fits = body.rows.length === rows.length &&
    rows.every((cells, n) => cells.length === body.rows[n].cells.length && cells.every((content) => !(content instanceof Node)));
  if (fits) {
    rows.forEach((cells, n) => cells.forEach((content, column) => {
      const cell = body.rows[n].cells[column];
      if (cell.textContent !== content) {
        cell.textContent = content;
        cell.title = content;
      }
    }));
  }
  return fits;
}
