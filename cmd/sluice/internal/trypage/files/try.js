// The try page: a client of the server that it came from.
import { start } from "./client.js";

start((path) => (location.protocol === "https:" ? "wss://" : "ws://") + location.host + path);
