import { useSelector } from 'react-redux';
import { useChatStore } from './store';

export function Lines() {
  const lines = useChatStore((state) => state.lines);
  const { options } = useChatStore();
  const onClear = () => {
    lines.splice(0); // bad
    options.speed = 1; // bad
  };
  const shown = lines.filter(Boolean).reverse(); // good
  return <ul onClick={onClear}>{shown.map((line) => <li>{line}</li>)}</ul>;
}

export function User() {
  const user = useSelector((state) => state.user);
  const rename = () => {
    Object.assign(user, { name: 'x' }); // bad
  };
  const renamed = () => {
    const draft = { ...user };
    draft.name = 'x'; // good
    return draft;
  };
  return <button onClick={rename}>{user.name}</button>;
}
