import { create } from 'zustand';

export const useCounter = create<{ count: number; up(): void; upWell(): void }>((set) => ({
  count: 0,
  up: () =>
    set((state) => {
      state.count += 1; // bad
      return state;
    }),
  upWell: () => set((state) => ({ count: state.count + 1 })), // good
}));
