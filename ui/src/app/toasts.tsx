import { X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { Button } from "@/components/button";
import "./toasts.css";

interface Toast {
  id: number;
  text: string;
  undo?: () => Promise<void>;
}

const LASTS = 10_000;
let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(all: readonly Toast[]): void {
  toasts = all;
  for (const listener of listeners) listener();
}

/** Tell the reader what was done, wherever they are by then; and how it is taken back. */
export function tell(text: string, undo?: () => Promise<void>): void {
  set([...toasts.slice(-3), { id: next++, text, ...(undo ? { undo } : {}) }]);
}

function drop(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

/** What was told lately. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-label="What was done">
      {shown.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

/** It goes by itself, but not while somebody points at it or is about to press a key in it. */
function OneToast({ toast }: { toast: Toast }) {
  const [isPointed, setPointed] = useState(false);
  const [hasFocus, setFocus] = useState(false);
  const isHeld = isPointed || hasFocus;
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => drop(toast.id), LASTS);
    return () => clearTimeout(timer);
  }, [toast.id, isHeld]);
  async function undo() {
    drop(toast.id);
    try {
      await toast.undo?.();
      tell("Taken back.");
    } catch (error) {
      tell(`It could not be taken back: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return (
    <div className="toast" onPointerEnter={() => setPointed(true)} onPointerLeave={() => setPointed(false)} onFocus={() => setFocus(true)} onBlur={() => setFocus(false)}>
      <span className="grow">{toast.text}</span>
      {toast.undo ? (
        <Button look="quiet" onClick={() => void undo()}>
          Undo
        </Button>
      ) : null}
      <Button look="quiet" icon={<X />} label="Close the message" onClick={() => drop(toast.id)} />
    </div>
  );
}
