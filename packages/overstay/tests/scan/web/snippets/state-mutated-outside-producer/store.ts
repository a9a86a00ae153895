import { create } from 'zustand';
import { immer } from 'zustand/middleware/immer';

interface Chat {
  lines: string[];
  options: { speed: number };
  add(line: string): void;
  addWrongly(line: string): void;
}

export const useChatStore = create<Chat>()(
  immer((set, get) => ({
    lines: [],
    options: { speed: 1 },
    add: (line) =>
      set((state) => {
        state.lines.push(line); // good
      }),
    addWrongly: (line) => {
      get().lines.push(line); // bad
    },
  })),
);

export function faster() {
  useChatStore.getState().options.speed += 1; // bad
}

export function fasterWell() {
  useChatStore.setState((state) => {
    state.options.speed += 1; // good
  });
}
