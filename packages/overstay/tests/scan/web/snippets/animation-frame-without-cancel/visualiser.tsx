import { useCallback, useEffect, useRef } from 'react';

export function Visualiser({ analyser }: { analyser: AnalyserNode }) {
  useEffect(() => {
    const draw = () => {
      paint(analyser);
      requestAnimationFrame(draw); // bad
    };
    requestAnimationFrame(draw);
  }, [analyser]);
  return <canvas />;
}

export function Cancelled({ analyser }: { analyser: AnalyserNode }) {
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      paint(analyser);
      frame = requestAnimationFrame(draw); // good
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [analyser]);
  return <canvas />;
}

/** Cancels the first frame, which has long been painted. */
export function FirstOnly({ analyser }: { analyser: AnalyserNode }) {
  useEffect(() => {
    const draw = () => {
      paint(analyser);
      requestAnimationFrame(draw); // bad
    };
    const frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [analyser]);
  return <canvas />;
}

export function Flagged() {
  const isRunning = useRef(true);
  useEffect(() => {
    const loop = () => {
      if (!isRunning.current) return;
      window.requestAnimationFrame(loop); // good
    };
    loop();
    return () => {
      isRunning.current = false;
    };
  }, []);
  return null;
}

export function Meter({ level }: { level: () => number }) {
  const frame = useRef<number>();
  const update = useCallback(() => {
    show(level());
    frame.current = requestAnimationFrame(update); // good
  }, [level]);
  useEffect(() => {
    update();
    return () => {
      if (frame.current) cancelAnimationFrame(frame.current);
    };
  }, [update]);
  return null;
}

export function ForgottenMeter({ level }: { level: () => number }) {
  const frame = useRef<number>();
  const update = useCallback(() => {
    show(level());
    frame.current = requestAnimationFrame(update); // bad
  }, [level]);
  useEffect(() => {
    update();
  }, [update]);
  return null;
}

export function Once() {
  useEffect(() => {
    requestAnimationFrame(() => show(1)); // good
  }, []);
  return null;
}

export function Recorder() {
  const meter = () => {
    show(1);
    requestAnimationFrame(meter); // bad
  };
  return <button onClick={meter}>record</button>;
}
