import { composeWithDevTools } from 'redux-devtools-extension/developmentOnly';

export const store = createStore(reducer, composeWithDevTools(applyMiddleware(thunk))); // good
