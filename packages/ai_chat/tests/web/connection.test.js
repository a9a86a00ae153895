import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";

/** A socket whose server is the test. */
class Wire extends EventTarget {
  static all = [];
  readyState = 0;
  sent = [];
  constructor() {
    super();
    Wire.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  accept() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  say(data) {
    const isBytes = data instanceof ArrayBuffer;
    this.dispatchEvent(Object.assign(new Event("message"), { data: isBytes ? data : JSON.stringify(data) }));
  }
  end(code) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

const WELCOME = { type: "welcome", seq: 0, heartbeat_s: 5 };
let states;
let frames;
let online;
let connection;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  Wire.all = [];
  states = [];
  frames = [];
  online = true;
  connection = new Connection({
    url: "ws://here",
    Socket: Wire,
    random: () => 0.999,
    isOnline: () => online,
    hello: () => ({ type: "hello" }),
    onState: ({ name, seconds }) => states.push([name, seconds]),
    onFrame: (frame, speech) => frames.push([frame.type, speech]),
    onSeen: () => 7,
  });
});

afterEach(() => {
  connection.close();
  mock.timers.reset();
});

const socket = () => Wire.all.at(-1);
const openIt = () => {
  connection.open();
  socket().accept();
  socket().say(WELCOME);
};

test("pauses grow from half a second to thirty, drawn from zero", () => {
  const longest = new Backoff(() => 1);
  assert.deepEqual(Array.from({ length: 8 }, () => longest.next()), [0.5, 1, 2, 4, 8, 16, 30, 30]);
  assert.equal(new Backoff(() => 0).next(), 0);
});

test("a lost connection counts down and comes back", () => {
  openIt();
  socket().end(1006);
  assert.deepEqual(states, [["connecting", 0], ["open", 0], ["waiting", 1]]);
  mock.timers.tick(500);
  assert.equal(Wire.all.length, 2);
  assert.deepEqual(states.at(-1), ["connecting", 0]);
});

test("a busy server is given the time it asked for", () => {
  connection.open();
  socket().accept();
  socket().say({ type: "busy", reason: "sessions", retry_after: 5 });
  socket().end(1013);
  assert.deepEqual(states.at(-1), ["busy", 6]);
  for (let at = 0; at < 4; at += 1) mock.timers.tick(1000);
  assert.equal(Wire.all.length, 1);
  for (let at = 0; at < 2; at += 1) mock.timers.tick(1000);
  assert.equal(Wire.all.length, 2);
});

test("a refused page and one opened elsewhere do not come back by themselves", () => {
  for (const [code, name] of [[1008, "refused"], [4409, "moved"]]) {
    openIt();
    const before = Wire.all.length;
    socket().end(code);
    mock.timers.tick(60_000);
    assert.equal(states.at(-1)[0], name);
    assert.equal(Wire.all.length, before);
  }
});

test("without a network nothing is tried until it returns", () => {
  openIt();
  online = false;
  socket().end(1006);
  mock.timers.tick(60_000);
  assert.deepEqual([states.at(-1)[0], Wire.all.length], ["offline", 1]);
  online = true;
  connection.open();
  assert.equal(Wire.all.length, 2);
});

test("a connection that brings no frame for two heartbeats is given up", () => {
  openIt();
  const dead = socket();
  mock.timers.tick(5000);
  mock.timers.tick(5000);
  assert.equal(dead.readyState, 3);
  assert.deepEqual(dead.sent.map(({ type }) => type), ["hello", "ping", "ping"]);
});

test("speech comes with its sentence, and a sentence without it comes alone", () => {
  openIt();
  socket().say({ type: "sentence", seq: 1, turn: 3, index: 0, audio: 4 });
  assert.deepEqual(frames.map(([type]) => type), ["welcome"]);
  const bytes = new ArrayBuffer(16);
  [3, 0, 16000].forEach((value, at) => new DataView(bytes).setUint32(at * 4, value, true));
  new DataView(bytes).setInt16(12, -5, true);
  socket().say(bytes);
  assert.deepEqual({ ...frames[1][1], samples: [...frames[1][1].samples] }, { turn: 3, index: 0, rate: 16000, samples: [-5, 0] });
  socket().say({ type: "sentence", seq: 2, turn: 3, index: 1, audio: 0 });
  assert.deepEqual(frames[2], ["sentence", null]);
});

test("frames are said to be seen once a second", () => {
  openIt();
  for (let seq = 1; seq < 5; seq += 1) socket().say({ type: "tool", seq });
  mock.timers.tick(1000);
  assert.deepEqual(socket().sent.filter(({ type }) => type === "seen"), [{ type: "seen", seq: 7 }]);
});

test("nothing happens after close", () => {
  openIt();
  connection.close();
  const before = states.length;
  mock.timers.tick(60_000);
  assert.deepEqual([states.length, Wire.all.length, socket().readyState], [before, 1, 3]);
});
