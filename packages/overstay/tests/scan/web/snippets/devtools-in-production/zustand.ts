import { create } from 'zustand';
import { devtools } from 'zustand/middleware';

export const useChat = create<Chat>()(devtools((set) => ({ lines: [] }), { name: 'chat', enabled: true })); // bad
export const useVoice = create<Voice>()(devtools((set) => ({ level: 0 }), { name: 'voice' })); // good
export const useAsked = create<Voice>()(devtools((set) => ({ level: 0 }), { enabled: import.meta.env.DEV })); // good
