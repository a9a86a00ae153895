import React, { useCallback, useEffect, useRef, useState } from 'react';

export function Clock() {
  const [now, setNow] = useState(new Date());
  useEffect(() => {
    setInterval(() => setNow(new Date()), 1000); // bad
  }, []);
  return <time>{now.toISOString()}</time>;
}

export function ClearedClock() {
  const [now, setNow] = useState(new Date());
  useEffect(() => {
    const tick = setInterval(() => setNow(new Date()), 1000); // good
    return () => clearInterval(tick);
  }, []);
  return <time>{now.toISOString()}</time>;
}

export function Heartbeat({ socket }: { socket: WebSocket }) {
  const timer = useRef<number | null>(null);
  useEffect(() => {
    timer.current = window.setInterval(() => socket.send('ping'), 20_000); // bad
    return () => {
      timer.current = null;
    };
  }, [socket]);
  return null;
}

export function ClearedHeartbeat({ socket }: { socket: WebSocket }) {
  const timer = useRef<number | null>(null);
  const stop = useCallback(() => {
    if (timer.current !== null) {
      window.clearInterval(timer.current);
      timer.current = null;
    }
  }, []);
  useEffect(() => {
    timer.current = window.setInterval(() => socket.send('ping'), 20_000); // good
    return stop;
  }, [socket, stop]);
  return null;
}

export function Poll({ url }: { url: string }) {
  const [items, setItems] = useState<string[]>([]);
  // The promise of an async effect is not its clean-up.
  useEffect(async () => {
    const first = await fetch(url);
    setItems(await first.json());
    const id = setInterval(() => fetch(url), 5000); // bad
    return () => clearInterval(id);
  }, [url]);
  return <List items={items} />;
}

export function Progress({ onDone }: { onDone: () => void }) {
  const [percent, setPercent] = useState(0);
  useEffect(() => {
    const id = setInterval(() => { // bad
      setPercent((before) => before + 1);
      if (percent >= 100) {
        clearInterval(id);
        onDone();
      }
    }, 100);
  }, []);
  return <progress value={percent} max={100} />;
}

export function useManyTimers(urls: string[]) {
  const timers = useRef<Set<number>>(new Set());
  useEffect(() => {
    urls.forEach((url) => timers.current.add(window.setInterval(() => fetch(url), 1000))); // good
    return () => {
      timers.current.forEach((timer) => clearInterval(timer));
      timers.current.clear();
    };
  }, [urls]);
}

export function useTwoTimers() {
  useEffect(() => {
    const ids = [setInterval(poll, 1000), setInterval(ping, 5000)]; // good
    return () => ids.forEach(clearInterval);
  }, []);
}

export function StartStop() {
  const id = useRef<ReturnType<typeof setInterval>>();
  const start = () => {
    id.current = setInterval(tick, 1000); // good
  };
  const stop = () => clearInterval(id.current);
  return <button onClick={start} onDoubleClick={stop}>run</button>;
}

export function StartOnly() {
  const start = () => {
    setInterval(tick, 1000); // bad
  };
  return <button onClick={start}>run</button>;
}
