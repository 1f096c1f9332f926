// The npm packages @azure/web-pubsub, -client and -express, unchanged, with the gateway
// between them.
import { test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { WebPubSubServiceClient } from "@azure/web-pubsub";
import { inbox, open } from "./client.mjs";
import { everything, key, queue, serviceAt, startClient, startHub, startProxy } from "./pubsub.mjs";

const limit = { timeout: 30_000 };
const address = (service) => new URL(service.endpoint).host;

for (const reliable of [false, true]) {
  const kind = reliable ? "reliable" : "plain";

  test(`${kind}: groups, and data of every type and of a megabyte`, limit, async (t) => {
    const service = await startHub(t);
    const ana = await startClient(t, service, { reliable, userId: "ana", groups: ["hall"], roles: everything });
    const ben = await startClient(t, service, { reliable, userId: "ben", roles: everything });
    const hall = service.group("hall");

    assert.equal((await ben.client.joinGroup("hall")).isDuplicated, false);
    await ben.client.sendToGroup("hall", "hello", "text");
    await ben.client.sendToGroup("hall", { a: [1, "ü"] }, "json", { noEcho: true });
    await ben.client.sendToGroup("hall", new Uint8Array([0, 255]).buffer, "binary", { noEcho: true });
    await hall.sendToAll({ from: "rest" });
    await service.sendToAll("all", { contentType: "text/plain" });
    await service.sendToUser("ana", new Uint8Array([1, 2]).buffer);
    await service.sendToConnection(ana.id, "for ana", { contentType: "text/plain" });
    const toAna = [
      { from: "hall", type: "text", data: "hello", user: "ben" },
      { from: "hall", type: "json", data: { a: [1, "ü"] }, user: "ben" },
      { from: "hall", type: "binary", data: [0, 255], user: "ben" },
      { from: "hall", type: "json", data: { from: "rest" } },
      { from: "server", type: "text", data: "all" },
      { from: "server", type: "binary", data: [1, 2] },
      { from: "server", type: "text", data: "for ana" },
    ];
    for (const want of toAna) {
      assert.deepEqual(await ana.seen.messages.take(), want);
    }
    for (const want of [toAna[0], toAna[3], toAna[4]]) {
      assert.deepEqual(await ben.seen.messages.take(), want);
    }

    await ben.client.sendToGroup("hall", "x".repeat(1_000_000), "text", { noEcho: true });
    assert.equal((await ana.seen.messages.take()).data.length, 1_000_000);
    await assert.rejects(ben.client.openGroupStream("hall"), { name: "BadRequest" });

    const listed = [];
    for await (const { connectionId, userId } of await hall.listConnections({ maxPageSize: 1 })) {
      listed.push(`${userId} ${connectionId}`);
    }
    assert.deepEqual(listed.sort(), [`ana ${ana.id}`, `ben ${ben.id}`]);
    await ben.client.leaveGroup("hall");
    await hall.sendToAll("without ben", { contentType: "text/plain" });
    await service.sendToConnection(ben.id, "still there", { contentType: "text/plain" });
    assert.equal((await ana.seen.messages.take()).data, "without ben");
    assert.equal((await ben.seen.messages.take()).data, "still there");
  });

  test(`${kind}: permissions, and acks that say no`, limit, async (t) => {
    const service = await startHub(t);
    const { client, id, seen } = await startClient(t, service, { reliable, roles: ["webpubsub.sendToGroup.open"] });
    const refusedWith = (name) => (error) => error.errorDetail.name === name;
    await client.sendToGroup("open", "may", "text");
    await assert.rejects(client.sendToGroup("shut", "may not", "text"), refusedWith("Forbidden"));
    await assert.rejects(client.joinGroup("shut"), refusedWith("Forbidden"));
    await assert.rejects(client.sendEvent("e", "nobody takes it", "text"), refusedWith("InternalServerError"));
    await assert.rejects(client.joinGroup(" "), refusedWith("BadRequest"));

    assert.equal(await service.hasPermission(id, "joinLeaveGroup", { targetName: "shut" }), false);
    await service.grantPermission(id, "joinLeaveGroup", { targetName: "shut" });
    assert.equal(await service.hasPermission(id, "joinLeaveGroup", { targetName: "shut" }), true);
    await client.joinGroup("shut", { ackId: 77 });
    assert.equal((await client.joinGroup("shut", { ackId: 77 })).isDuplicated, true);
    await service.group("shut").sendToAll("in", { contentType: "text/plain" });
    assert.equal((await seen.messages.take()).data, "in");
    await service.revokePermission(id, "joinLeaveGroup", { targetName: "shut" });
    await assert.rejects(client.leaveGroup("shut"), refusedWith("Forbidden"));
    await assert.rejects(service.grantPermission("nobody", "sendToGroup", { targetName: "x" }), { statusCode: 404 });
  });

  test(`${kind}: who is left out, who is there, and closing`, limit, async (t) => {
    const service = await startHub(t);
    const start = (userId) => startClient(t, service, { reliable, userId, groups: ["g"] });
    const [ana, ben, cem] = [await start("ana"), await start("ben"), await start("cem")];
    const text = { contentType: "text/plain" };
    await service.group("g").sendToAll("not ana", { ...text, excludedConnections: [ana.id] });
    await service.sendToAll("ben only", { ...text, filter: "userId eq 'ben' and 'g' in groups" });
    await service.sendToAll("last", text);
    const texts = async (client, n) => Promise.all(Array.from({ length: n }, async () => (await client.seen.messages.take()).data));
    assert.deepEqual(await texts(ana, 1), ["last"]);
    assert.deepEqual(await texts(ben, 3), ["not ana", "ben only", "last"]);
    assert.deepEqual(await texts(cem, 2), ["not ana", "last"]);

    assert.deepEqual(
      await Promise.all([service.connectionExists(ana.id), service.userExists("ben"), service.groupExists("g"), service.groupExists("h")]),
      [true, true, true, false],
    );
    await service.group("h").addUser("ben");
    await service.group("h").addConnection(cem.id);
    await service.removeUserFromAllGroups("ben");
    await service.group("h").sendToAll("h", text);
    await service.sendToUser("ben", "in no group", text);
    assert.deepEqual(await texts(cem, 1), ["h"]);
    assert.deepEqual(await texts(ben, 1), ["in no group"]);

    await service.closeConnection(ana.id, { reason: "enough" });
    assert.equal((await ana.seen.disconnected.take()).message?.message, "enough");
    await ana.seen.stopped.take();
    await service.closeUserConnections("ben", { reason: "ben, too" });
    await service.group("g").closeAllConnections({ reason: "and all" });
    assert.equal((await ben.seen.disconnected.take()).message?.message, "ben, too");
    assert.equal((await cem.seen.disconnected.take()).message?.message, "and all");
    assert.equal(await service.connectionExists(ana.id), false);
    assert.equal(await service.groupExists("g"), false);
  });

  test(`${kind}: a backend lets in, answers and is told`, limit, async (t) => {
    const told = queue();
    const service = await startHub(t, {
      handleConnect: ({ claims, query, context }, response) => {
        if (query.as?.[0] === "stranger") {
          response.fail(401, "no strangers");
          return;
        }
        response.setState("met", context.hub);
        response.success({ userId: `${claims.sub?.[0] ?? "nobody"}!`, groups: ["hall"], roles: everything });
      },
      handleUserEvent: ({ context, data, dataType }, response) => {
        if (context.eventName === "refuse") {
          response.fail(500, "no");
        } else if (context.eventName === "silent") {
          response.success();
        } else {
          response.success(dataType === "json" ? JSON.stringify({ data, state: context.states.met }) : data, dataType);
        }
      },
      onConnected: ({ context }) => told.put(`connected ${context.userId}`),
      onDisconnected: ({ context }) => told.put(`disconnected ${context.userId}`),
    });
    const { client, id, seen } = await startClient(t, service, { reliable, userId: "ana" });
    assert.equal(await told.take(), "connected ana!");
    await service.group("hall").sendToAll("in the hall", { contentType: "text/plain" });
    assert.equal((await seen.messages.take()).data, "in the hall");

    await client.sendEvent("echo", "text", "text");
    await client.sendEvent("echo", new Uint8Array([7, 0]).buffer, "binary");
    await client.sendEvent("echo", { n: 1 }, "json");
    await client.sendEvent("silent", "", "text");
    await assert.rejects(client.sendEvent("refuse", "", "text"), (error) => error.errorDetail.name === "InternalServerError");
    for (const want of [
      { from: "server", type: "text", data: "text" },
      { from: "server", type: "binary", data: [7, 0] },
      { from: "server", type: "json", data: { data: { n: 1 }, state: "chat" } },
    ]) {
      assert.deepEqual(await seen.messages.take(), want);
    }
    assert.deepEqual(await client.invokeEvent("echo", { n: 2 }, "json"), { invocationId: "1", dataType: "json", data: { data: { n: 2 }, state: "chat" } });
    assert.equal((await client.invokeEvent("echo", "x".repeat(500_000), "text")).data.length, 500_000);
    assert.equal((await client.invokeEvent("silent", "", "text")).data, undefined);
    await assert.rejects(client.invokeEvent("refuse", "", "text"), (error) => error.errorDetail.name === "InternalServerError");
    await client.joinGroup("by role");
    await service.closeConnection(id);
    assert.equal(await told.take(), "disconnected ana!");

    const { url } = await service.getClientAccessToken();
    const stranger = new WebSocket(`${url}&as=stranger`, "json.webpubsub.azure.v1");
    const [, response] = await once(stranger, "unexpected-response");
    assert.equal(response.statusCode, 401);
    response.resume();
  });
}

test("a reliable client loses nothing and gets nothing twice when its socket is cut", limit, async (t) => {
  const service = await startHub(t);
  const proxy = await startProxy(t, address(service));
  const { client, id, seen } = await startClient(t, service, { reliable: true, userId: "ana", groups: ["g"], roles: everything, via: proxy });
  const messages = 400;
  const got = [];
  const send = async () => {
    for (let n = 0; n < messages; n++) {
      await service.group("g").sendToAll({ n });
      if (n % 80 === 40) {
        proxy.cut();
      }
    }
  };
  const receive = async () => {
    while (got.length < messages) {
      got.push((await seen.messages.take()).data.n);
    }
  };
  await Promise.all([send(), receive()]);
  assert.deepEqual(got, Array.from({ length: messages }, (_, n) => n));
  await client.sendToGroup("g", "after", "text");
  assert.equal((await seen.messages.take()).data, "after");
  assert.equal(await service.connectionExists(id), true);
  assert.equal(seen.connected.length + seen.disconnected.length + seen.messages.length, 0);
});

test("long names, bursts, and a thousand calls at once", limit, async (t) => {
  const service = await startHub(t, { handleUserEvent: ({ context }, response) => response.success(context.userId, "text") });
  const text = { contentType: "text/plain" };
  const { client, id, seen } = await startClient(t, service, { userId: "Ana B", roles: everything });
  for (const name of ["a/b?c=d#e%2F", "ü".repeat(1024), "漢".repeat(1024)]) {
    const group = service.group(name);
    await client.joinGroup(name);
    await group.sendToAll("in", { ...text, excludedConnections: Array(200).fill("nobody") });
    assert.equal((await seen.messages.take()).from, name);
    await group.removeConnection(id);
    assert.equal(await service.groupExists(name), false);
  }
  await client.sendEvent("who", "", "text");
  assert.equal((await seen.messages.take()).data, "Ana B");

  const megabyte = new Uint8Array(1 << 20);
  await Promise.all(Array.from({ length: 8 }, () => service.sendToConnection(id, megabyte)));
  for (let n = 0; n < 8; n++) {
    assert.equal((await seen.messages.take()).data.length, megabyte.length);
  }

  const thousand = (call) => Promise.all(Array.from({ length: 1000 }, (_, n) => call(n)));
  await thousand((n) => service.group(`g${n}`).addUser("Ana B"));
  assert.equal((await thousand((n) => service.groupExists(`g${n}`))).every(Boolean), true);
  await service.closeUserConnections("Ana B");
  assert.equal(await service.userExists("Ana B"), false);
});

test("simple clients", limit, async (t) => {
  const service = await startHub(t, {
    handleUserEvent: ({ context, data, dataType }, response) => {
      if (data === "refuse") {
        response.fail(500);
      } else {
        response.success(dataType === "text" ? `${context.eventName}: ${data}` : data, dataType);
      }
    },
  });
  const { url } = await service.getClientAccessToken({ userId: "ana", groups: ["g"], roles: ["webpubsub.sendToGroup.g"] });
  const [sender, publisher] = await Promise.all([open(url), open(`${url}&webpubsub_mode=sendToGroup&group=g&noEcho=true`)]);
  const received = inbox(sender);
  sender.send("hello");
  assert.equal((await received()).data.toString(), "message: hello");
  sender.send(Buffer.from([0, 1]));
  assert.deepEqual(await received(), { data: Buffer.from([0, 1]), binary: true });
  publisher.send("to the group");
  assert.equal((await received()).data.toString(), "to the group");
  await service.sendToAll({ json: true });
  assert.equal((await received()).data.toString(), '{"json":true}');
  sender.send("refuse");
  const [code] = await once(sender, "close");
  assert.equal(code, 1011);
  publisher.close();
});

test("tokens that are no good", limit, async (t) => {
  const service = await startHub(t);
  const { token } = await service.getClientAccessToken();
  const at = `${address(service)}/client/hubs/`;
  const status = async (url) => {
    const [, response] = await once(new WebSocket(url), "unexpected-response");
    response.resume();
    return response.statusCode;
  };
  assert.equal(await status(`ws://${at}chat`), 401);
  assert.equal(await status(`ws://${at}chat?access_token=x`), 401);
  assert.equal(await status(`ws://${at}echo?access_token=${token}`), 401);
  const impostor = serviceAt(address(service));
  const wrong = new WebPubSubServiceClient(
    `Endpoint=http://${address(service)};AccessKey=${key.replace("0", "1")};Version=1.0;`,
    "chat",
    { allowInsecureConnection: true },
  );
  await impostor.sendToAll({ ok: true });
  await assert.rejects(wrong.sendToAll({ ok: false }), { statusCode: 401 });
  const asREST = await fetch(`http://${address(service)}/api/hubs/chat/:send?api-version=2024-12-01`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" },
    body: "with a client's token",
  });
  assert.equal(asREST.status, 401);
  await asREST.body.cancel();
});
