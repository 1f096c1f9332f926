// Asks for the figures once a second, and not while nobody looks.
import { get } from "./server.js";

const everyMilliseconds = 1000;

// poll calls shown with each answer, and failed with each error.
export function poll(shown, failed) {
  let timer = 0;
  let asking = false;

  async function ask() {
    if (asking || document.hidden) {
      return;
    }
    asking = true;
    const began = performance.now();
    try {
      const figures = await get("/figures");
      figures.at = began;
      shown(figures);
    } catch (fault) {
      failed(fault);
    }
    asking = false;
    clearTimeout(timer);
    timer = setTimeout(ask, Math.max(0, everyMilliseconds - (performance.now() - began)));
  }

  document.addEventListener("visibilitychange", ask);
  ask();
}
