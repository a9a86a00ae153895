import { useCallback, useEffect, useRef, useState } from 'react';

export function Microphone() {
  useEffect(() => {
    navigator.mediaDevices.getUserMedia({ audio: true }).then((stream) => { // bad
      level(stream);
    });
  }, []);
  return null;
}

export function StoppedMicrophone() {
  useEffect(() => {
    let kept: MediaStream | null = null;
    navigator.mediaDevices.getUserMedia({ audio: true }).then((stream) => { // good
      kept = stream;
      level(stream);
    });
    return () => kept?.getTracks().forEach((track) => track.stop());
  }, []);
  return null;
}

export function Camera() {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const show = async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true }); // bad
      video.current!.srcObject = stream;
    };
    show().catch(console.error);
    return () => {
      if (video.current) video.current.srcObject = null;
    };
  }, []);
  return <video ref={video} />;
}

export function StoppedCamera() {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current!;
    const show = async () => {
      element.srcObject = await navigator.mediaDevices.getUserMedia({ video: true }); // good
    };
    show().catch(console.error);
    return () => {
      const stream = element.srcObject as MediaStream | null;
      stream?.getVideoTracks().forEach((track) => track.stop());
    };
  }, []);
  return <video ref={video} />;
}

export function Recorder() {
  const recorder = useRef<MediaRecorder>();
  const start = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }); // bad
    recorder.current = new MediaRecorder(stream);
    recorder.current.start();
  };
  // Ends the recording; the microphone stays on.
  const stop = () => recorder.current?.stop();
  return <button onMouseDown={start} onMouseUp={stop}>talk</button>;
}

export function StoppedRecorder() {
  const held = useRef<MediaStream>();
  const start = async () => {
    held.current = await navigator.mediaDevices.getUserMedia({ audio: true }); // good
    new MediaRecorder(held.current).start();
  };
  const stop = () => {
    for (const track of held.current?.getTracks() ?? []) track.stop();
  };
  return <button onMouseDown={start} onMouseUp={stop}>talk</button>;
}

export function Screen() {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const share = useCallback(async () => {
    setStream(await navigator.mediaDevices.getDisplayMedia()); // bad
  }, []);
  return <Preview stream={stream} onClick={share} />;
}

export function StoppedScreen() {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const share = useCallback(async () => {
    setStream(await navigator.mediaDevices.getDisplayMedia()); // good
  }, []);
  useEffect(() => () => stream?.getTracks().forEach((track) => track.stop()), [stream]);
  return <Preview stream={stream} onClick={share} />;
}

export function Permission() {
  const ask = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }); // good
    stream.getTracks()[0].stop();
  };
  return <button onClick={ask}>allow</button>;
}
