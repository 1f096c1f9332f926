// The frames of json.webpubsub.azure.v1, as a client sends and reads them.

export const subprotocol = "json.webpubsub.azure.v1";

// Each request has an ackId of its own: the answer tells whether it was granted.
let lastAck = 0;

const request = (type, fields) => JSON.stringify({ type, ackId: ++lastAck, ...fields });

export const join = (group) => request("joinGroup", { group });
export const leave = (group) => request("leaveGroup", { group });

// publish is for a group, or without one for the backend, as an event.
export function publish(group, text) {
  const payload = { dataType: "text", data: text };
  return group ? request("sendToGroup", { group, noEcho: false, ...payload }) : request("event", { event: "message", ...payload });
}

// describe returns what a frame says in a few words, and where it comes from.
export function describe(text) {
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return { way: "unread", body: text };
  }
  switch (frame?.type) {
    case "ack":
      return { way: "ack", body: `${frame.ackId}: ${frame.success ? "done" : `${frame.error?.name}: ${frame.error?.message}`}` };
    case "system":
      return { way: "system", body: [frame.event, frame.connectionId, frame.userId && `as ${frame.userId}`, frame.message].filter(Boolean).join(" ") };
    case "message":
      return { way: frame.from === "group" ? frame.group : frame.from, body: typeof frame.data === "string" ? frame.data : JSON.stringify(frame.data) };
  }
  return { way: "unread", body: text };
}
