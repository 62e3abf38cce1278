import { type PointerEvent as ReactPointerEvent, useEffect, useRef, useState } from "react";
import { dropAt, type Place } from "./order";

interface Drag {
  task: string;
  to: Place | null;
}

/**
 * Dragging tasks by their handles with a mouse, a pen or a finger. Lists are marked with `data-queue`, their lines with `data-task`.
 * Escape lets go without a change.
 */
export function useDrag(onDrop: (task: string, to: Place) => void) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const now = useRef<Drag | null>(null);
  const set = (next: Drag | null) => {
    now.current = next;
    setDrag(next);
  };
  useEffect(() => {
    if (drag === null) return;
    const onKey = (event: KeyboardEvent) => (event.key === "Escape" ? set(null) : undefined);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [drag]);
  const handle = (task: string) => ({
    onPointerDown: (event: ReactPointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      set({ task, to: null });
    },
    onPointerMove: (event: ReactPointerEvent<HTMLElement>) => {
      if (now.current === null) return;
      scrollNear(event.currentTarget, event.clientY);
      const to = placeUnder(event.clientX, event.clientY, task);
      if (to?.queue !== now.current.to?.queue || to?.at !== now.current.to?.at) set({ task, to });
    },
    onPointerUp: () => {
      const done = now.current;
      set(null);
      if (done?.to) onDrop(task, done.to);
    },
    onPointerCancel: () => set(null),
  });
  return { drag, handle };
}

function placeUnder(x: number, y: number, task: string): Place | null {
  const list = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-queue]");
  if (!list?.dataset.queue) return null;
  const lines = [...list.querySelectorAll<HTMLElement>("[data-task]")].filter((line) => line.dataset.task !== task);
  const middles = lines.map((line) => {
    const { top, height } = line.getBoundingClientRect();
    return top + height / 2;
  });
  return { queue: list.dataset.queue, at: dropAt(middles, y) };
}

const EDGE = 48;

function scrollNear(within: HTMLElement, y: number): void {
  const frame = within.closest("main");
  if (frame === null) return;
  const { top, bottom } = frame.getBoundingClientRect();
  if (y < top + EDGE) frame.scrollBy({ top: -12 });
  else if (y > bottom - EDGE) frame.scrollBy({ top: 12 });
}
