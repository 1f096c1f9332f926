// Echoes WebSocket messages with uWebSockets (C++), or publishes them to all other
// connections with --broadcast. Its own event loop does the input and output, and
// its own topics the fan-out: what runs in JavaScript is one callback a message.
//
// Compression and per-message copies are off; the idle timeout is Sluice's ping
// interval and patience together, and as there pings are sent by the library.
'use strict';

const { parseArgs } = require('node:util');
const uws = require('@btc-vision/uwebsockets.js');

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:0' },
    broadcast: { type: 'boolean', default: false },
  },
});
const [host, port] = values.listen.split(':');
const topic = 'all';

const echo = {
  message: (socket, payload, isBinary) => { socket.send(payload, isBinary); },
};
const broadcast = {
  open: (socket) => { socket.subscribe(topic); },
  message: (socket, payload, isBinary) => { socket.publish(topic, payload, isBinary); },
};

uws.App().ws('/*', {
  compression: uws.DISABLED,
  idleTimeout: 32,
  maxPayloadLength: 1 << 20,
  maxBackpressure: 1 << 20,
  ...(values.broadcast ? broadcast : echo),
}).listen(host, Number(port), (socket) => {
  if (!socket) {
    console.error(`cannot listen on ${values.listen}: choose another address with --listen`);
    process.exit(1);
  }
  console.log(`listening on ${host}:${uws.us_socket_local_port(socket)}`);
});
