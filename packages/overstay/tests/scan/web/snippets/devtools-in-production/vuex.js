import { createApp } from 'vue';
import { createLogger, createStore } from 'vuex';

export const store = createStore({
  strict: true, // bad
  plugins: [createLogger()], // bad
});

export const asked = createStore({
  strict: process.env.NODE_ENV !== 'production', // good
  plugins: process.env.NODE_ENV !== 'production' ? [createLogger()] : [], // good
});

const app = createApp({});
app.config.performance = true; // bad
app.config.devtools = import.meta.env.DEV; // good
