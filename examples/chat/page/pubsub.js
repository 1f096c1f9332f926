// A client of the subprotocol json.webpubsub.azure.v1: it connects, comes back when the
// connection is lost, and has events of the page's own acknowledged.

const subprotocol = "json.webpubsub.azure.v1";
const patience = 10_000; // for an acknowledgement, in ms

export class Connection {
  #negotiate;
  #socket;
  #attempts = 0;
  #acks = new Map(); // who waits, by the id of the event
  #lastAck = 0;
  onmessage = () => {}; // with the data of a message
  onstate = () => {}; // "connecting", "open" or "lost"

  // negotiate returns a promise of the URL to connect to. It is asked each time, for
  // the token in it expires.
  constructor(negotiate) {
    this.#negotiate = negotiate;
  }

  async open() {
    this.onstate("connecting");
    let url;
    try {
      url = await this.#negotiate();
    } catch {
      this.#retry();
      return;
    }
    const socket = (this.#socket = new WebSocket(url, subprotocol));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => this.#retry();
  }

  // event sends text to the backend, and resolves once that has accepted it.
  event(name, text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error("not connected"));
    }
    const ackId = ++this.#lastAck;
    this.#socket.send(JSON.stringify({ type: "event", event: name, ackId, dataType: "text", data: text }));
    return new Promise((resolve, reject) => {
      this.#acks.set(ackId, { resolve, reject });
      setTimeout(() => this.#settle({ ackId, error: { message: "no answer in time" } }), patience);
    });
  }

  #take(message) {
    switch (message.type) {
      case "message":
        this.onmessage(message.data);
        break;
      case "ack":
        this.#settle(message);
        break;
      case "system":
        if (message.event === "connected") {
          this.#attempts = 0;
          this.onstate("open");
        }
    }
  }

  #settle({ ackId, success, error }) {
    const waiting = this.#acks.get(ackId);
    this.#acks.delete(ackId);
    success ? waiting?.resolve() : waiting?.reject(new Error(error.message));
  }

  // #retry waits longer each time, 30 s at most, and nobody as long as the others:
  // when a server restarts, all its viewers come back.
  #retry() {
    this.onstate("lost");
    for (const ackId of this.#acks.keys()) {
      this.#settle({ ackId, error: { message: "the connection is lost" } });
    }
    const longest = Math.min(1000 * 2 ** this.#attempts++, 30_000);
    setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
  }
}
