import { useEffect, useMemo, useRef, useState } from 'react';

export function Player({ bytes }: { bytes: ArrayBuffer }) {
  useEffect(() => {
    const context = new AudioContext(); // bad
    context.decodeAudioData(bytes).then(play);
  }, [bytes]);
  return null;
}

export function ClosedPlayer({ bytes }: { bytes: ArrayBuffer }) {
  useEffect(() => {
    const context = new AudioContext(); // good
    context.decodeAudioData(bytes).then(play);
    return () => {
      void context.close();
    };
  }, [bytes]);
  return null;
}

export function Old() {
  const context = useRef<AudioContext | null>(null);
  useEffect(() => {
    context.current = new (window.AudioContext || window.webkitAudioContext)(); // bad
    return () => {
      context.current?.suspend();
    };
  }, []);
  return null;
}

export function ClosedOld() {
  const context = useRef<AudioContext | null>(null);
  useEffect(() => {
    context.current = new (window.AudioContext || (window as any).webkitAudioContext)(); // good
    return () => {
      context.current?.close().catch(() => {});
      context.current = null;
    };
  }, []);
  return null;
}

export function Memo() {
  const context = useMemo(() => new AudioContext({ sampleRate: 16000 }), []); // bad
  return <button onClick={() => context.resume()}>on</button>;
}

export function ClosedMemo() {
  const context = useMemo(() => new AudioContext({ sampleRate: 16000 }), []); // good
  useEffect(() => () => void context.close(), [context]);
  return <button onClick={() => context.resume()}>on</button>;
}

export function Decoder({ file }: { file: Blob }) {
  const [seconds, setSeconds] = useState(0);
  const measure = async () => {
    const context = new AudioContext(); // bad
    setSeconds((await context.decodeAudioData(await file.arrayBuffer())).duration);
  };
  return <button onClick={measure}>{seconds}</button>;
}

export function ClosedDecoder({ file }: { file: Blob }) {
  const [seconds, setSeconds] = useState(0);
  const measure = async () => {
    const context = new AudioContext(); // good
    try {
      setSeconds((await context.decodeAudioData(await file.arrayBuffer())).duration);
    } finally {
      await context.close();
    }
  };
  return <button onClick={measure}>{seconds}</button>;
}

export function Offline({ length }: { length: number }) {
  useEffect(() => {
    new OfflineAudioContext(1, length, 44100).startRendering().then(play); // good
  }, [length]);
  return null;
}
