import { configureStore } from '@reduxjs/toolkit';
import logger from 'redux-logger';

export const store = configureStore({
  reducer,
  devTools: true, // bad
  middleware: (getDefault) => getDefault().concat(logger), // bad
});

export const wellStore = configureStore({
  reducer,
  devTools: process.env.NODE_ENV !== 'production', // good
  middleware: (getDefault) => (import.meta.env.DEV ? getDefault().concat(logger) : getDefault()), // good
});

export const tracedStore = configureStore({
  reducer,
  devTools: { trace: true, maxAge: 1000 }, // bad
});

const isDevelopment = process.env.NODE_ENV === 'development';

export const askedStore = configureStore({
  reducer,
  devTools: isDevelopment, // good
  middleware: (getDefault) => {
    const middleware = getDefault();
    if (isDevelopment) middleware.push(logger); // good
    return middleware;
  },
});
