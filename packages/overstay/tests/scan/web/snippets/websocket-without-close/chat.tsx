import { useCallback, useEffect, useRef, useState } from 'react';

export function Chat({ url }: { url: string }) {
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    const socket = new WebSocket(url); // bad
    socket.onmessage = (event) => setLines((before) => [...before, event.data]);
  }, [url]);
  return <ul>{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}

export function ClosedChat({ url }: { url: string }) {
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    const socket = new WebSocket(url); // good
    socket.onmessage = (event) => setLines((before) => [...before, event.data]);
    return () => socket.close(1000, 'left');
  }, [url]);
  return <ul>{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}

export function useSocket(url: string) {
  const ref = useRef<WebSocket | null>(null);
  const connect = useCallback(() => {
    const ws = new WebSocket(url); // good
    ws.onopen = () => console.log('open');
    ref.current = ws;
  }, [url]);
  useEffect(() => {
    connect();
    return () => {
      ref.current?.close();
    };
  }, [connect]);
  return ref;
}

export function useForgottenSocket(url: string) {
  const ref = useRef<WebSocket | null>(null);
  const connect = useCallback(() => {
    const ws = new WebSocket(url); // bad
    ws.onerror = () => ws.close();
    ref.current = ws;
  }, [url]);
  useEffect(() => {
    connect();
    return () => {
      ref.current = null;
    };
  }, [connect]);
  return ref;
}

export function Stream({ url }: { url: string }) {
  useEffect(() => {
    const source = new EventSource(url); // bad
    source.addEventListener('token', show);
  }, [url]);
  return null;
}

export function ClosedStream({ url }: { url: string }) {
  const [source, setSource] = useState<EventSource | null>(null);
  useEffect(() => {
    setSource(new EventSource(url)); // good
  }, [url]);
  useEffect(() => () => source?.close(), [source]);
  return null;
}

export function EveryRender({ url }: { url: string }) {
  const socket = new WebSocket(url); // bad
  return <button onClick={() => socket.send('hi')}>hi</button>;
}

export function HelperCloses({ url }: { url: string }) {
  useEffect(() => {
    const socket = open(url);
    return () => closeQuietly(socket);
  }, [url]);
  const open = (to: string) => {
    const made = new WebSocket(to); // good
    return made;
  };
  return null;
}

export function Call() {
  const peer = useRef<RTCPeerConnection>();
  const ring = async () => {
    peer.current = new RTCPeerConnection(); // bad
  };
  return <button onClick={ring}>call</button>;
}

export function EndedCall() {
  const peer = useRef<RTCPeerConnection>();
  const ring = async () => {
    peer.current = new RTCPeerConnection(); // good
  };
  const hangUp = () => peer.current?.close();
  return <button onClick={ring} onDoubleClick={hangUp}>call</button>;
}
