/** What people do on a chart with a mouse, a pen or fingers, in pixels from its left and top. */
export interface Gestures {
  /** A place is pointed at; null: no more. */
  onPoint: (at: { left: number; top: number } | null) => void;
  /** A part is being dragged over; null: it was given up. */
  onDrag: (part: [number, number] | null) => void;
  /** A part was chosen. */
  onPart: (part: [number, number]) => void;
  /** Two fingers: where each was when they came down, and where they are. */
  onPinch: (from: [number, number], to: [number, number]) => void;
  onPinched: () => void;
  onWhole: () => void;
}

const LEAST = 6;

/** Listen on what lies over a chart. Fingers that move up and down scroll the page; across they move the place that is pointed at. */
export function attach(over: HTMLElement, gestures: Gestures): () => void {
  const down = new Map<number, { start: number; now: number }>();
  let dragged: number | null = null;
  let isPinched = false;
  const place = (event: MouseEvent) => {
    const box = over.getBoundingClientRect();
    return { left: Math.min(box.width, Math.max(0, event.clientX - box.left)), top: event.clientY - box.top };
  };
  const part = (from: number, to: number): [number, number] => (from < to ? [from, to] : [to, from]);
  const gone = new AbortController();
  const on = <Kind extends keyof HTMLElementEventMap>(kind: Kind, act: (event: HTMLElementEventMap[Kind]) => void) => over.addEventListener(kind, act, { signal: gone.signal });

  on("pointerdown", (event) => {
    const at = place(event);
    if (event.pointerType === "touch") {
      down.set(event.pointerId, { start: at.left, now: at.left });
      if (down.size === 2) {
        isPinched = true;
        for (const finger of down.values()) finger.start = finger.now;
        gestures.onPoint(null);
      } else gestures.onPoint(at);
      return;
    }
    if (event.button !== 0) return;
    dragged = at.left;
    over.setPointerCapture(event.pointerId);
  });
  on("pointermove", (event) => {
    const at = place(event);
    const finger = down.get(event.pointerId);
    if (finger) {
      finger.now = at.left;
      const [first, second] = [...down.values()];
      if (first && second) gestures.onPinch([first.start, second.start], [first.now, second.now]);
      else if (!isPinched) gestures.onPoint(at);
      return;
    }
    if (dragged !== null && Math.abs(at.left - dragged) > LEAST) gestures.onDrag(part(dragged, at.left));
    gestures.onPoint(at);
  });
  const up = (event: PointerEvent) => {
    if (down.delete(event.pointerId)) {
      if (isPinched && down.size === 0) {
        isPinched = false;
        gestures.onPinched();
      }
      return;
    }
    const from = dragged;
    dragged = null;
    if (from === null) return;
    gestures.onDrag(null);
    const to = place(event).left;
    if (event.type === "pointerup" && Math.abs(to - from) > LEAST) gestures.onPart(part(from, to));
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", (event) => {
    if (event.pointerType !== "touch" && dragged === null) gestures.onPoint(null);
  });
  on("dblclick", () => gestures.onWhole());
  document.addEventListener(
    "pointerdown",
    (event) => {
      if (event.pointerType === "touch" && !over.contains(event.target as Node)) gestures.onPoint(null);
    },
    { signal: gone.signal },
  );
  return () => gone.abort();
}
