import { useEffect, useMemo, useRef, useState } from 'react';

export function Detector() {
  useEffect(() => {
    const worker = new Worker(new URL('./vad.worker.ts', import.meta.url)); // bad
    worker.postMessage({ kind: 'start' });
  }, []);
  return null;
}

export function EndedDetector() {
  useEffect(() => {
    const worker = new Worker(new URL('./vad.worker.ts', import.meta.url)); // good
    worker.postMessage({ kind: 'start' });
    return () => worker.terminate();
  }, []);
  return null;
}

export function Kept() {
  const worker = useRef<Worker | null>(null);
  useEffect(() => {
    worker.current = new Worker('/vad.js', { type: 'module' }); // bad
    worker.current.onmessage = show;
    return () => {
      worker.current!.onmessage = null;
      worker.current = null;
    };
  }, []);
  return null;
}

export function EndedKept() {
  const worker = useRef<Worker | null>(null);
  useEffect(() => {
    worker.current = new Worker('/vad.js', { type: 'module' }); // good
    worker.current.onmessage = show;
    return () => {
      worker.current?.terminate();
      worker.current = null;
    };
  }, []);
  return null;
}

export function Pool({ size }: { size: number }) {
  const workers = useRef<Worker[]>([]);
  useEffect(() => {
    for (let n = 0; n < size; n++) workers.current.push(new Worker('/work.js')); // good
    return () => {
      workers.current.forEach((worker) => worker.terminate());
    };
  }, [size]);
  return null;
}

export function ForgottenPool({ size }: { size: number }) {
  const workers = useRef<Worker[]>([]);
  useEffect(() => {
    for (let n = 0; n < size; n++) workers.current.push(new Worker('/work.js')); // bad
    return () => {
      workers.current = [];
    };
  }, [size]);
  return null;
}

export function Lazy() {
  const [worker] = useState(() => new Worker('/lazy.js')); // bad
  return <button onClick={() => worker.postMessage(1)}>go</button>;
}

export function EndedLazy() {
  const worker = useMemo(() => new Worker('/lazy.js'), []); // good
  useEffect(() => () => worker.terminate(), [worker]);
  return <button onClick={() => worker.postMessage(1)}>go</button>;
}

export function OneJob({ input }: { input: string }) {
  const run = () =>
    new Promise((resolve) => {
      const worker = new Worker('/job.js'); // good
      worker.onmessage = (event) => {
        resolve(event.data);
        worker.terminate();
      };
      worker.postMessage(input);
    });
  return <button onClick={run}>run</button>;
}

export function ForgottenJob({ input }: { input: string }) {
  const run = () =>
    new Promise((resolve) => {
      const worker = new Worker('/job.js'); // bad
      worker.onmessage = (event) => resolve(event.data);
      worker.postMessage(input);
    });
  return <button onClick={run}>run</button>;
}

export function Encrypted({ isOn }: { isOn: boolean }) {
  const worker = useMemo(() => {
    if (!isOn) return undefined;
    return new Worker('/e2ee.js'); // bad
  }, [isOn]);
  return <Room worker={worker} />;
}
