import { type ReactNode, useEffect, useSyncExternalStore } from "react";

/** Something that can be done now, and is found in the palette. */
export interface Action {
  key: string;
  label: string;
  icon?: ReactNode;
  run: () => void;
}

let offered: readonly Action[] = [];
const listeners = new Set<() => void>();

function set(next: readonly Action[]): void {
  offered = next;
  for (const listener of listeners) listener();
}

/** Offer these in the palette as long as the page that can do them is there. */
export function useOffer(actions: readonly Action[]): void {
  useEffect(() => {
    set([...offered, ...actions]);
    return () => set(offered.filter((action) => !actions.includes(action)));
  }, [actions]);
}

export function useOffered(): readonly Action[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offered,
  );
}
