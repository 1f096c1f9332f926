// The bytes of the game, as wire.go has them.

const welcome = 1;
const state = 2;

// parse returns what the server has sent.
export function parse(buffer) {
  const view = new DataView(buffer);
  let at = 0;
  const u8 = () => view.getUint8(at++);
  const u16 = () => view.getUint16((at += 2) - 2);
  const u32 = () => view.getUint32((at += 4) - 4);
  const place = () => ({ x: u16(), y: u16() });

  switch (u8()) {
    case welcome:
      return { id: u32() };
    case state: {
      const tick = u32();
      const crumbs = Array.from({ length: u8() }, place);
      const players = new Map();
      while (at < view.byteLength) {
        players.set(u32(), { ...place(), score: u16() });
      }
      return { state: { tick, crumbs, players, bytes: view.byteLength } };
    }
  }
  throw new Error("the server sends what this page does not know: load it again");
}

// heading returns the message that steers: x and y from -1 to 1.
export const heading = ({ x, y }) => Int8Array.of(Math.round(x * 127), Math.round(y * 127));
