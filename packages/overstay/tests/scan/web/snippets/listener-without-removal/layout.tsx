import { useCallback, useEffect, useRef, useState } from 'react';

export function Width() {
  const [width, setWidth] = useState(window.innerWidth);
  useEffect(() => {
    const measure = () => setWidth(window.innerWidth);
    window.addEventListener('resize', measure); // bad
  }, []);
  return <b>{width}</b>;
}

export function RemovedWidth() {
  const [width, setWidth] = useState(window.innerWidth);
  useEffect(() => {
    const measure = () => setWidth(window.innerWidth);
    window.addEventListener('resize', measure); // good
    return () => window.removeEventListener('resize', measure);
  }, []);
  return <b>{width}</b>;
}

export function Unnamed({ onEscape }: { onEscape: () => void }) {
  useEffect(() => {
    document.addEventListener('keydown', (event) => event.key === 'Escape' && onEscape()); // bad
    return () => document.removeEventListener('keydown', (event) => event.key === 'Escape' && onEscape());
  }, [onEscape]);
  return null;
}

export function OtherPhase({ onClick }: { onClick: (event: Event) => void }) {
  useEffect(() => {
    document.addEventListener('click', onClick, true); // bad
    return () => document.removeEventListener('click', onClick);
  }, [onClick]);
  return null;
}

export function SamePhase({ onClick }: { onClick: (event: Event) => void }) {
  useEffect(() => {
    document.addEventListener('click', onClick, { capture: true, passive: true }); // good
    return () => document.removeEventListener('click', onClick, true);
  }, [onClick]);
  return null;
}

export function OtherEvent({ onMove }: { onMove: () => void }) {
  useEffect(() => {
    window.addEventListener('mousemove', onMove); // good
    window.addEventListener('touchmove', onMove); // bad
    return () => {
      window.removeEventListener('mousemove', onMove);
    };
  }, [onMove]);
  return null;
}

export function Once({ unlock }: { unlock: () => void }) {
  useEffect(() => {
    document.body.addEventListener('click', unlock, { once: true }); // good
  }, [unlock]);
  return null;
}

export function Signalled({ onMove }: { onMove: () => void }) {
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    window.addEventListener('pointermove', onMove, { signal }); // good
    document.addEventListener('scroll', () => onMove(), { passive: true, signal: controller.signal }); // good
    return () => controller.abort();
  }, [onMove]);
  return null;
}

export function NeverAborted({ onMove }: { onMove: () => void }) {
  useEffect(() => {
    const controller = new AbortController();
    window.addEventListener('pointermove', onMove, { signal: controller.signal }); // bad
  }, [onMove]);
  return null;
}

export function useDark() {
  const [isDark, setIsDark] = useState(false);
  useEffect(() => {
    const query = window.matchMedia('(prefers-color-scheme: dark)');
    const update = () => setIsDark(query.matches);
    query.addEventListener('change', update); // good
    return () => query.removeEventListener('change', update);
  }, []);
  return isDark;
}

export function useLeakyDark() {
  const [isDark, setIsDark] = useState(false);
  useEffect(() => {
    const query = window.matchMedia('(prefers-color-scheme: dark)');
    query.addEventListener('change', () => setIsDark(query.matches)); // bad
  }, []);
  return isDark;
}

/** An element's own listeners go with the element. */
export function OwnElement({ play }: { play: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.addEventListener('wheel', play, { passive: false }); // good
  }, [play]);
  return <div ref={box} />;
}

export function Several({ wake }: { wake: () => void }) {
  useEffect(() => {
    const kinds = ['click', 'keydown', 'touchstart'];
    kinds.forEach((kind) => window.addEventListener(kind, wake)); // good
    return () => kinds.forEach((kind) => window.removeEventListener(kind, wake));
  }, [wake]);
  return null;
}

export function Drag({ onMove }: { onMove: (event: MouseEvent) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const end = () => {
      document.removeEventListener('mousemove', onMove);
      document.removeEventListener('mouseup', end);
    };
    const begin = () => {
      document.addEventListener('mousemove', onMove); // good
      document.addEventListener('mouseup', end); // good
    };
    const element = box.current!;
    element.addEventListener('mousedown', begin);
    return () => element.removeEventListener('mousedown', begin);
  }, [onMove]);
  return <div ref={box} />;
}

export function Devices({ refresh }: { refresh: () => void }) {
  const handler = useCallback(() => refresh(), [refresh]);
  useEffect(() => {
    navigator.mediaDevices.addEventListener('devicechange', handler); // bad
    return () => console.log('gone');
  }, [handler]);
  return null;
}
