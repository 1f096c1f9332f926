// A list that comes in pages. There is no way to the page before: the list changes
// meanwhile, and what follows an entry is all that the gateway can tell.
import { element } from "./dom.js";
import { get } from "./server.js";

const pageSize = 50;

export class Pager {
  #after = "";
  #number = 0;
  #query;
  #searched; // what the pages are of, whatever the form has become since
  #loads = 0; // only the last one counts, whichever is answered first
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
    this.#searched = this.#query();
    return this.#load();
  }

  async #load() {
    const load = ++this.#loads;
    this.#state.dataset.outcome = "";
    try {
      const page = await get(this.#path, { ...this.#searched, after: this.#after, limit: pageSize });
      if (load !== this.#loads) {
        return;
      }
      const shown = this.#show(page, this.#searched);
      this.#number++;
      this.#after = page.next ?? "";
      this.#state.textContent = `Page ${this.#number}, ${shown} shown${this.#after ? "" : ", the last page"}`;
    } catch (fault) {
      if (load !== this.#loads) {
        return;
      }
      this.#state.dataset.outcome = "bad";
      this.#state.textContent = fault.message;
      this.#after = "";
    }
    this.#next.disabled = !this.#after;
    this.#first.disabled = this.#number < 2;
  }
}
