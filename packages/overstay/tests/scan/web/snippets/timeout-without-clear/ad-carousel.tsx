import { useCallback, useEffect, useRef, useState } from 'react';

const SLIDE_MS = 5000;

export function AdCarousel({ ads }: { ads: string[] }) {
  const [index, setIndex] = useState(0);
  const [isFading, setIsFading] = useState(false);

  const next = useCallback(() => {
    setIsFading(true);
    setTimeout(() => { // bad
      setIndex((before) => (before + 1) % ads.length);
      setIsFading(false);
    }, 300);
  }, [ads.length]);

  useEffect(() => {
    const timer = setInterval(next, SLIDE_MS);
    return () => clearInterval(timer);
  }, [next]);

  return <img className={isFading ? 'fading' : ''} src={ads[index]} />;
}

export function ClearedCarousel({ ads }: { ads: string[] }) {
  const [index, setIndex] = useState(0);
  const fade = useRef<ReturnType<typeof setTimeout> | null>(null);

  const next = useCallback(() => {
    fade.current = setTimeout(() => setIndex((before) => (before + 1) % ads.length), 300); // good
  }, [ads.length]);

  useEffect(() => {
    const timer = setInterval(next, SLIDE_MS);
    return () => {
      clearInterval(timer);
      if (fade.current) clearTimeout(fade.current);
    };
  }, [next]);

  return <img src={ads[index]} />;
}

export function RearmedCarousel({ ads }: { ads: string[] }) {
  const [index, setIndex] = useState(0);
  useEffect(() => {
    setTimeout(() => setIndex((index + 1) % ads.length), SLIDE_MS); // bad
  }, [index, ads.length]);
  return <img src={ads[index]} />;
}
