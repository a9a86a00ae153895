import { applyMiddleware, compose, createStore } from 'redux';
import { composeWithDevTools } from 'redux-devtools-extension';
import { createLogger } from 'redux-logger';

const log = createLogger();

const composeAlways = window.__REDUX_DEVTOOLS_EXTENSION_COMPOSE__ || compose; // bad
const composeAsked =
  (process.env.NODE_ENV !== 'production' && window.__REDUX_DEVTOOLS_EXTENSION_COMPOSE__) || compose; // good

export const first = createStore(reducer, composeAlways(applyMiddleware(thunk)));
export const second = createStore(reducer, composeWithDevTools(applyMiddleware(thunk))); // bad
export const third = createStore(
  reducer,
  process.env.NODE_ENV === 'production' ? undefined : composeWithDevTools(), // good
);
export const fourth = createStore(reducer, window.__REDUX_DEVTOOLS_EXTENSION__ && window.__REDUX_DEVTOOLS_EXTENSION__()); // bad
