import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';

export function useDebounced<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const id = setTimeout(() => setSettled(value), ms); // good
    return () => {
      clearTimeout(id);
    };
  }, [value, ms]);
  return settled;
}

export function Toast({ text }: { text: string }) {
  const [isShown, setIsShown] = useState(true);
  React.useEffect(() => {
    if (!text) return;
    const id = setTimeout(() => setIsShown(false), 3000); // bad
    console.log(id);
  }, [text]);
  return isShown ? <p>{text}</p> : null;
}

export function Flagged() {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    let isGone = false;
    setTimeout(() => { // good
      if (isGone) return;
      setIsLate(true);
    }, 8000);
    return () => {
      isGone = true;
    };
  }, []);
  return isLate ? <p>late</p> : null;
}

export function FocusSoon() {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    setTimeout(() => input.current?.focus(), 0); // good
  }, []);
  return <input ref={input} />;
}

export function Sleeper({ load }: { load: () => Promise<void> }) {
  useEffect(() => {
    const run = async () => {
      await new Promise((resolve) => setTimeout(resolve, 500)); // good
      await load();
    };
    void run();
  }, [load]);
  return null;
}

export function useLoaded(url: string) {
  const [text, setText] = useState('');
  useEffect(() => {
    const load = async () => {
      const controller = new AbortController();
      const limit = setTimeout(() => controller.abort(), 5000); // good
      try {
        setText(await (await fetch(url, { signal: controller.signal })).text());
      } finally {
        clearTimeout(limit);
      }
    };
    load();
  }, [url]);
  return text;
}

export function Typing({ onIdle }: { onIdle: () => void }) {
  const idle = useRef<number>();
  useEffect(() => {
    const restart = () => {
      // Cleared to be set again, and not when the component goes.
      window.clearTimeout(idle.current);
      idle.current = window.setTimeout(onIdle, 10_000); // bad
    };
    document.addEventListener('keydown', restart);
    return () => document.removeEventListener('keydown', restart);
  }, [onIdle]);
  return null;
}

export function Chain() {
  const [n, setN] = useState(0);
  useEffect(() => {
    const again = () => {
      setN((before) => before + 1);
      setTimeout(again, 1000); // bad
    };
    again();
  }, []);
  return <b>{n}</b>;
}

export function Several({ delays }: { delays: number[] }) {
  useEffect(() => {
    const timers = delays.map((ms) => setTimeout(() => console.log(ms), ms)); // good
    return () => {
      for (const timer of timers) clearTimeout(timer);
    };
  }, [delays]);
  return null;
}

export function OnClick() {
  const [isCopied, setIsCopied] = useState(false);
  // A click is no opening of the page: one timeout, and it ends by itself.
  const copy = () => {
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 2000); // good
  };
  return <button onClick={copy}>{isCopied ? 'copied' : 'copy'}</button>;
}

/** The field may have gone by then, and nothing happens. */
export function FocusLater({ isOpen }: { isOpen: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isOpen) {
      setTimeout(() => { // good
        field.current?.focus();
      }, 100);
    }
  }, [isOpen]);
  return <input ref={field} />;
}

export function ScrollDown() {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    setTimeout(() => { // good
      if (!list.current) return;
      list.current.scrollTop = list.current.scrollHeight;
    }, 500);
  }, []);
  return <ul ref={list} />;
}

/** What is handed back is for buttons; none of it closes the hook. */
export function useGroup(send: (text: string) => void) {
  const handleInvite = (name: string) => {
    send(name);
    setTimeout(() => send('list'), 100); // good
  };
  const handleRemove = (name: string) => send(`-${name}`);
  return { handleInvite, handleRemove };
}

export function Leaving({ to }: { to: string }) {
  useEffect(() => {
    setTimeout(() => window.location.replace(to), 3000); // good
  }, [to]);
  return null;
}
