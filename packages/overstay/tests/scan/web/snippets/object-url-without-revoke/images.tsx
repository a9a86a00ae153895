import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

export function Preview({ file }: { file: File }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    setUrl(URL.createObjectURL(file)); // bad
  }, [file]);
  return <img src={url} />;
}

export function RevokedPreview({ file }: { file: File }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(file); // good
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return <img src={url} />;
}

export function EveryRender({ file }: { file: File }) {
  return <img src={URL.createObjectURL(file)} />; // bad
}

export function Memo({ file }: { file: File }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]); // bad
  return <img src={url} />;
}

export function RevokedMemo({ file }: { file: File }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]); // good
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img src={url} />;
}

export function Speak({ fetchAudio }: { fetchAudio: () => Promise<Blob> }) {
  const play = async () => {
    const audio = new Audio(URL.createObjectURL(await fetchAudio())); // bad
    await audio.play();
  };
  return <button onClick={play}>speak</button>;
}

export function RevokedSpeak({ fetchAudio }: { fetchAudio: () => Promise<Blob> }) {
  const play = async () => {
    const url = URL.createObjectURL(await fetchAudio()); // good
    const audio = new Audio(url);
    audio.onended = () => URL.revokeObjectURL(url);
    await audio.play();
  };
  return <button onClick={play}>speak</button>;
}

export function Element({ fetchAudio }: { fetchAudio: () => Promise<Blob> }) {
  const player = useRef<HTMLAudioElement>(null);
  const play = async () => {
    const element = player.current!;
    element.src = window.URL.createObjectURL(await fetchAudio()); // good
    element.onended = () => window.URL.revokeObjectURL(element.src);
  };
  return <audio ref={player} onClick={play} />;
}

export function Gallery({ files }: { files: File[] }) {
  const urls = useMemo(() => files.map((file) => URL.createObjectURL(file)), [files]); // good
  useEffect(() => () => urls.forEach((url) => URL.revokeObjectURL(url)), [urls]);
  return <div>{urls.map((url) => <img key={url} src={url} />)}</div>;
}

export function LeakyGallery({ files }: { files: File[] }) {
  const urls = useMemo(() => files.map((file) => URL.createObjectURL(file)), [files]); // bad
  return <div>{urls.map((url) => <img key={url} src={url} />)}</div>;
}
