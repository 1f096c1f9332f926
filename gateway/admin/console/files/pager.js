// A list that comes in pages. There is no way to the page before: the list changes
// meanwhile, and what follows an entry is all that the gateway can tell.
import { element } from "./dom.js";
import { get } from "./server.js";

const pageSize = 50;

export class Pager {
  #after = "";
  #number = 0;
  #query;
  #show;
  #path;
  #state;
  #first;
  #next;

  // names are the ids of the elements: state, first and next.
  constructor(path, { state, first, next }, query, show) {
    this.#path = path;
    this.#query = query;
    this.#show = show;
    this.#state = element(state);
    this.#first = element(first);
    this.#next = element(next);
    this.#first.addEventListener("click", () => this.begin());
    this.#next.addEventListener("click", () => this.#load());
  }

  // begin shows the first page.
  begin() {
    this.#after = "";
    this.#number = 0;
    return this.#load();
  }

  async #load() {
    this.#state.dataset.outcome = "";
    try {
      const page = await get(this.#path, { ...this.#query(), after: this.#after, limit: pageSize });
      const shown = this.#show(page);
      this.#number++;
      this.#after = page.next ?? "";
      this.#state.textContent = `Page ${this.#number}, ${shown} shown${this.#after ? "" : ", the last page"}`;
    } catch (fault) {
      this.#state.dataset.outcome = "bad";
      this.#state.textContent = fault.message;
      this.#after = "";
    }
    this.#next.disabled = !this.#after;
    this.#first.disabled = this.#number < 2;
  }
}
