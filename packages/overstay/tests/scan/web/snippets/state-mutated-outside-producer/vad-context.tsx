import { createContext, useCallback, useEffect, useMemo, useState } from 'react';
import { useImmer } from 'use-immer';
import { produce } from 'immer';

interface Settings {
  positiveSpeechThreshold: number;
  negativeSpeechThreshold: number;
  devices: { id: string; isOn: boolean }[];
}

export const VADContext = createContext<Settings | null>(null);

/** "Cannot assign to read only property 'positiveSpeechThreshold' of object". */
export function VADProvider({ initial, children }: { initial: Settings; children: React.ReactNode }) {
  const [settings, setSettings] = useImmer(initial);

  const setThreshold = useCallback((value: number) => {
    settings.positiveSpeechThreshold = value; // bad
    setSettings(settings);
  }, [settings]);

  const setThresholdWell = useCallback((value: number) => {
    setSettings((draft) => {
      draft.positiveSpeechThreshold = value; // good
    });
  }, []);

  const turnOn = (id: string) => {
    const device = settings.devices.find((each) => each.id === id);
    if (device) device.isOn = true; // bad
  };

  const turnOnWell = (id: string) => {
    setSettings((settings) => {
      const device = settings.devices.find((each) => each.id === id);
      if (device) device.isOn = true; // good
    });
  };

  const sorted = useMemo(() => settings.devices.sort(byName), [settings]); // bad
  const copied = useMemo(() => [...settings.devices].sort(byName), [settings]); // good

  const allOff = () => {
    for (const device of settings.devices) {
      device.isOn = false; // bad
    }
  };

  const later = () => {
    setSettings((draft) => {
      setTimeout(() => {
        draft.negativeSpeechThreshold = 0.3; // bad
      }, 100);
    });
  };

  return <VADContext.Provider value={{ ...settings, devices: sorted }}>{children}</VADContext.Provider>;
}

export function rename(base: Settings, id: string) {
  const next = produce(base, (draft) => {
    draft.devices.push({ id, isOn: false }); // good
    delete draft.devices[0]; // good
  });
  next.devices.push({ id, isOn: true }); // bad
  const copy = { ...next };
  copy.positiveSpeechThreshold = 0.5; // good
  return copy;
}

export async function load(base: Settings) {
  return produce(base, async (draft) => {
    draft.positiveSpeechThreshold = 1; // good
    const answer = await fetch('/devices');
    draft.devices = await answer.json(); // bad
  });
}
