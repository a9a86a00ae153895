import { ApolloClient, InMemoryCache } from '@apollo/client';

export const client = new ApolloClient({
  cache: new InMemoryCache(),
  connectToDevTools: true, // bad
});

export const asked = new ApolloClient({
  cache: new InMemoryCache(),
  devtools: { enabled: __DEV__ }, // good
});

declare global {
  interface Window {
    __REDUX_DEVTOOLS_EXTENSION__?: () => void; // good
  }
}
