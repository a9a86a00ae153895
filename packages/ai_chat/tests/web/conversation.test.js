import assert from "node:assert/strict";
import { test } from "node:test";

import { Conversation, joinSentences } from "./conversation.js";

const sentence = (seq, turn, index, text) => ({ type: "sentence", seq, turn, index, text });

function take(conversation, ...frames) {
  for (const frame of frames) if (conversation.admits(frame)) conversation.apply(frame);
}

function answer() {
  const conversation = new Conversation();
  conversation.begin("h1", 0);
  take(conversation, { type: "turn.start", seq: 1, turn: 1 }, sentence(2, 1, 0, "One."), sentence(3, 1, 1, "Two."));
  return conversation;
}

test("a frame that comes twice changes nothing the second time", () => {
  const conversation = answer();
  take(conversation, sentence(3, 1, 1, "Two."), sentence(2, 1, 0, "One."));
  assert.equal(conversation.messages.at(-1).text, "One. Two.");
  assert.equal(conversation.messages.length, 1);
});

test("sentences stand in the order of their index", () => {
  const conversation = answer();
  take(conversation, sentence(4, 1, 3, "Four."), sentence(5, 1, 2, "Three."));
  assert.equal(conversation.running.text, "One. Two. Three. Four.");
});

test("the number in welcome counts no frame", () => {
  const conversation = answer();
  take(conversation, { type: "welcome", seq: 9, resumed: true }, sentence(4, 1, 2, "Three."));
  assert.equal(conversation.running.text, "One. Two. Three.");
});

test("a restored conversation goes on after the frame it had", () => {
  const restored = Conversation.restore(JSON.parse(JSON.stringify(answer().snapshot())));
  take(restored, sentence(3, 1, 1, "Two."), sentence(4, 1, 2, "Three."), { type: "turn.end", seq: 5, turn: 1, reason: "done" });
  assert.deepEqual(restored.messages.map(({ text, state }) => [text, state]), [["One. Two. Three.", "done"]]);
});

test("an interrupted answer shows what was heard", () => {
  const conversation = answer();
  take(conversation, { type: "turn.end", seq: 4, turn: 1, reason: "interrupted", heard: "One." });
  assert.deepEqual([conversation.messages[0].text, conversation.messages[0].state], ["One.", "interrupted"]);
});

test("a tool call is one row that changes, and ends with its turn", () => {
  const conversation = answer();
  const tool = { type: "tool", turn: 1, call: "c", name: "calculate", content: "" };
  take(conversation, { ...tool, seq: 4, status: "running" }, { ...tool, seq: 5, status: "completed", content: "42" });
  take(conversation, { ...tool, seq: 6, call: "d", status: "running" }, { type: "turn.end", seq: 7, turn: 1, reason: "interrupted", heard: "" });
  assert.deepEqual(conversation.messages[0].tools.map(({ status }) => status), ["completed", "cancelled"]);
});

test("what was not acknowledged survives a snapshot and the opened history", () => {
  const conversation = answer();
  conversation.say("a", "kept");
  const restored = Conversation.restore(conversation.snapshot(0));
  restored.begin("h1", 0);
  restored.show("h1", [{ role: "human", text: "old", number: 1 }]);
  assert.deepEqual(restored.unacknowledged.map(({ id }) => id), ["a"]);
  take(restored, { type: "ack", seq: 1, id: "a", history: "h1", message: 2 });
  assert.deepEqual(restored.unacknowledged, []);
});

test("what was committed without a word of it is not said again", () => {
  const conversation = answer();
  conversation.say("a", "committed");
  conversation.say("b", "kept");
  conversation.begin("h1", 0);
  conversation.show("h1", [{ role: "human", text: "committed", number: 1, id: "a" }, { role: "ai", text: "x", number: 2, id: null }]);
  assert.deepEqual(conversation.messages.map(({ text }) => text), ["committed", "x", "kept"]);
  assert.deepEqual(conversation.unacknowledged.map(({ id }) => id), ["b"]);
});

test("at most 500 messages are kept", () => {
  const conversation = new Conversation();
  for (let at = 0; at < 700; at += 1) conversation.say(String(at), "x");
  assert.equal(conversation.messages.length, 500);
  assert.equal(conversation.messages.at(-1).id, "699");
});

test("Chinese sentences stand without a space between them", () => {
  assert.equal(joinSentences(["你好。", "我在听。"]), "你好。我在听。");
  assert.equal(joinSentences(["Hi.", "There."]), "Hi. There.");
});
