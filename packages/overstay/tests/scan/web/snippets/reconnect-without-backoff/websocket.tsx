import { useCallback, useEffect, useRef, useState } from 'react';

const RECONNECT_MS = 2000;

/** The page of the checklist: "WS schedule reconnect in 2000ms", again and again. */
export function useWebSocket(url: string) {
  const socket = useRef<WebSocket | null>(null);
  const timer = useRef<number | null>(null);

  const scheduleReconnect = useCallback(() => {
    console.log('🔄 WS schedule reconnect in 2000ms');
    timer.current = window.setTimeout(() => { // bad
      console.log('🔄 尝试恢复 websocket');
      connect();
    }, 2000);
  }, []);

  const connect = useCallback(() => {
    console.log('🌐 WS connecting...');
    const ws = new WebSocket(url);
    ws.onerror = () => console.error('🚨 WebSocket连接错误');
    ws.onclose = () => scheduleReconnect();
    socket.current = ws;
  }, [url, scheduleReconnect]);

  useEffect(() => {
    connect();
    return () => {
      if (timer.current) clearTimeout(timer.current);
      socket.current?.close();
    };
  }, [connect]);
}

export function useBackoff(url: string) {
  const attempt = useRef(0);
  useEffect(() => {
    let ws: WebSocket;
    let timer: number;
    const connect = () => {
      ws = new WebSocket(url);
      ws.onopen = () => {
        attempt.current = 0;
      };
      ws.onclose = () => {
        const delay = Math.min(1000 * 2 ** attempt.current, 30_000) * (0.5 + Math.random());
        attempt.current += 1;
        timer = window.setTimeout(connect, delay); // good
      };
    };
    connect();
    return () => {
      clearTimeout(timer);
      ws.close();
    };
  }, [url]);
}

export function useConstant(url: string) {
  useEffect(() => {
    const connect = () => {
      const ws = new WebSocket(url);
      ws.addEventListener('close', () => {
        setTimeout(connect, RECONNECT_MS); // bad
      });
    };
    connect();
  }, [url]);
}

export function useAtOnce(url: string) {
  const open = () => {
    const ws = new WebSocket(url);
    ws.onclose = () => {
      open(); // bad
    };
  };
  useEffect(open, [url]);
}

export function useUncapped(url: string) {
  const delay = useRef(500);
  const dial = () => {
    const ws = new WebSocket(url);
    ws.onclose = () => {
      delay.current *= 2;
      setTimeout(dial, delay.current); // bad
    };
  };
  useEffect(dial, [url]);
}

export function useCapped(url: string) {
  const pause = useRef(500);
  const dial = () => {
    const ws = new WebSocket(url);
    ws.onclose = () => {
      pause.current = Math.min(pause.current * 2, 20_000);
      setTimeout(dial, pause.current); // good
    };
  };
  useEffect(dial, [url]);
}

export function useThreeTries(url: string) {
  const tries = useRef(0);
  const dial = () => {
    const ws = new WebSocket(url);
    ws.onclose = () => {
      if (tries.current >= 3) return;
      tries.current += 1;
      setTimeout(dial, 1000); // good
    };
  };
  useEffect(dial, [url]);
}

/** Waits once before the first connection; what closes stays closed. */
export function useLate(url: string) {
  useEffect(() => {
    const timer = setTimeout(() => new WebSocket(url), 1000); // good
    return () => clearTimeout(timer);
  }, [url]);
}

export function usePolled(url: string) {
  useEffect(() => {
    let ws = new WebSocket(url);
    const watch = setInterval(() => { // bad
      if (ws.readyState === WebSocket.CLOSED) ws = new WebSocket(url);
    }, 3000);
    return () => clearInterval(watch);
  }, [url]);
}
