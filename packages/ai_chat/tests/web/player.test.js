import assert from "node:assert/strict";
import { test } from "node:test";

import { preferredLanguage } from "./language.js";
import { Memory } from "./memory.js";
import { Player } from "./player.js";
import { en } from "./texts/en.js";
import { zh } from "./texts/zh.js";

/** A sound card that the test plays. */
class Card {
  static closed = 0;
  state = "running";
  sources = [];
  createBuffer(_, length) {
    return { getChannelData: () => new Float32Array(length) };
  }
  createBufferSource() {
    const source = { connect() {}, start() {}, stop() {}, disconnect() {}, onended: null };
    this.sources.push(source);
    Card.last = this;
    return source;
  }
  close() {
    Card.closed += 1;
  }
}

const speech = () => ({ rate: 16000, samples: new Int16Array(4) });

function begin() {
  const played = [];
  const player = new Player({ Context: Card, onPlayed: (turn, index) => played.push([turn, index]) });
  return { played, player };
}

test("without a gesture a shown sentence counts as played", () => {
  const { played, player } = begin();
  player.play(1, 0, speech());
  assert.deepEqual(played, [[1, 0]]);
});

test("sentences play one after the other, and each is reported at its end", () => {
  const { played, player } = begin();
  player.unlock();
  for (const index of [0, 1]) player.play(1, index, speech());
  player.play(1, 2, null);
  assert.deepEqual(played, []);
  Card.last.sources[0].onended();
  assert.deepEqual(played, [[1, 0]]);
  Card.last.sources[1].onended();
  assert.deepEqual(played, [[1, 0], [1, 1], [1, 2]]);
});

test("flush reports nothing that was not played", () => {
  const { played, player } = begin();
  player.unlock();
  for (const index of [0, 1]) player.play(1, index, speech());
  player.flush();
  assert.deepEqual([played, player.isPlaying], [[], false]);
});

test("mute reports the rest, and close ends the audio context", () => {
  const { played, player } = begin();
  player.unlock();
  for (const index of [0, 1]) player.play(1, index, speech());
  const before = Card.closed;
  player.mute();
  assert.deepEqual(played, [[1, 0], [1, 1]]);
  player.close();
  assert.equal(Card.closed, before + 1);
});

test("the memory keeps fewer messages when there is no room for more", () => {
  const asked = [];
  const storage = {
    setItem(_, text) {
      if (text.length > 4) throw new Error("full");
    },
  };
  assert.equal(new Memory(storage).save((most) => (asked.push(most), "x".repeat(most / 5))), true);
  assert.deepEqual(asked, [200, 50, 10]);
});

test("the language is the chosen one, else the browser's", () => {
  assert.equal(preferredLanguage("", "zh-TW"), "zh");
  assert.equal(preferredLanguage("", "de"), "en");
  assert.equal(preferredLanguage("en", "zh-CN"), "en");
});

test("both languages have the same texts with the same places", () => {
  const places = (texts) => Object.entries(texts).map(([key, text]) => [key, text.match(/\{\w+\}/gu) ?? []]);
  assert.deepEqual(places(zh), places(en));
});
