import { useEffect, useMemo, useRef, useState } from 'react';

export function Sized() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width)); // bad
    observer.observe(box.current!);
  }, []);
  return <div ref={box}>{width}</div>;
}

export function Disconnected() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width)); // good
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return <div ref={box}>{width}</div>;
}

export function Unobserved({ target }: { target: Element }) {
  useEffect(() => {
    const observer = new IntersectionObserver(load); // good
    observer.observe(target);
    return () => {
      observer.unobserve(target);
    };
  }, [target]);
  return null;
}

export function Nameless({ target }: { target: Element }) {
  useEffect(() => {
    new MutationObserver(changed).observe(target, { childList: true }); // bad
  }, [target]);
  return null;
}

export function SeenOnce({ target }: { target: Element }) {
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => { // good
      if (entries[0].isIntersecting) observer.disconnect();
    });
    observer.observe(target);
  }, [target]);
  return null;
}

export function Kept({ target }: { target: Element }) {
  const seen = useRef<IntersectionObserver | null>(null);
  const watched = useRef<MutationObserver | null>(null);
  useEffect(() => {
    seen.current = new IntersectionObserver(load); // bad
    watched.current = new MutationObserver(changed); // good
    seen.current.observe(target);
    watched.current.observe(target, { subtree: true });
    return () => {
      const old = watched.current;
      old?.disconnect();
    };
  }, [target]);
  return null;
}

export function usePerformance(report: (entries: PerformanceEntryList) => void) {
  useEffect(() => {
    const observer = new PerformanceObserver((list) => report(list.getEntries())); // bad
    observer.observe({ entryTypes: ['longtask'] });
  }, [report]);
}

export function Conditional({ target }: { target: Element | null }) {
  useEffect(() => {
    if (!target) return undefined;
    const observer = new ResizeObserver(changed); // good
    observer.observe(target);
    return () => {
      observer.disconnect();
    };
  }, [target]);
  return null;
}
