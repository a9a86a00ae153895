import { useEffect } from 'react';
import { addEventListener } from './events';

/** A function of the project's that returns how to remove what it adds. */
export function Menu({ close }: { close: () => void }) {
  useEffect(() => {
    return addEventListener(document, 'keydown', close); // good
  }, [close]);
  return null;
}
