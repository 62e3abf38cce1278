import { ChevronLeft, ChevronRight, ExternalLink, X, ZoomIn, ZoomOut } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "./button";
import "./lightbox.css";

interface LightboxProps {
  title: string;
  url: string;
  alt: string;
  /** To the picture before and after it, if there are any. */
  onEarlier?: (() => void) | undefined;
  onLater?: (() => void) | undefined;
  /** To the same picture of another step. */
  onUp?: (() => void) | undefined;
  onDown?: (() => void) | undefined;
  onClose: () => void;
  children?: ReactNode;
}

const FIT = { scale: 1, x: 0, y: 0 };
const LARGEST = 16;

/** A picture before everything else: the wheel or + and - make it larger, dragging moves it, arrows lead to others. */
export function Lightbox({ title, url, alt, onEarlier, onLater, onUp, onDown, onClose, children }: LightboxProps) {
  const [at, setAt] = useState(FIT);
  const place = useRef<HTMLDivElement>(null);
  const held = useRef<{ x: number; y: number } | null>(null);
  const zoom = (by: number) => setAt((was) => (was.scale * by <= 1 ? FIT : { ...was, scale: Math.min(LARGEST, was.scale * by) }));
  useEffect(() => {
    const host = place.current;
    // React listens passively, and the page behind must not scroll.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
    };
    host?.addEventListener("wheel", onWheel, { passive: false });
    return () => host?.removeEventListener("wheel", onWheel);
  }, []);
  function onKey(event: KeyboardEvent) {
    if (event.target instanceof HTMLInputElement) return;
    const act = { ArrowLeft: onEarlier, ArrowRight: onLater, ArrowUp: onUp, ArrowDown: onDown, "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": () => setAt(FIT) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
  return (
    <Radix.Root open onOpenChange={(open) => (open ? null : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="dialog-veil" />
        <Radix.Content className="lightbox" aria-describedby={undefined} onKeyDown={onKey}>
          <header className="row">
            <Radix.Title className="grow ellipsis">{title}</Radix.Title>
            <Button look="quiet" icon={<ZoomOut />} label="Smaller" disabled={at.scale === 1} onClick={() => zoom(1 / 1.5)} />
            <span className="small soft lightbox-scale">{Math.round(at.scale * 100)} %</span>
            <Button look="quiet" icon={<ZoomIn />} label="Larger" onClick={() => zoom(1.5)} />
            <a className="button quiet icon-only" href={url} target="_blank" rel="noreferrer" aria-label="Open the file apart" title="Open the file apart">
              <ExternalLink />
            </a>
            <Radix.Close asChild>
              <Button look="quiet" icon={<X />} label="Close" />
            </Radix.Close>
          </header>
          <div
            ref={place}
            className={`lightbox-place ${at.scale > 1 ? "large" : ""}`}
            onDoubleClick={() => setAt((was) => (was.scale > 1 ? FIT : { ...FIT, scale: 3 }))}
            onPointerDown={(event) => {
              held.current = { x: event.clientX - at.x, y: event.clientY - at.y };
              event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={(event) => {
              const from = held.current;
              if (from && at.scale > 1) setAt((was) => ({ ...was, x: event.clientX - from.x, y: event.clientY - from.y }));
            }}
            onPointerUp={() => {
              held.current = null;
            }}
          >
            <img
              key={url}
              src={url}
              alt={alt}
              draggable={false}
              // The dots of a small picture are told apart, where a smooth one would only be blurred.
              onLoad={({ currentTarget: image }) => image.classList.toggle("small-one", image.naturalWidth * 3 < image.clientWidth)}
              style={{ transform: `translate(${at.x}px, ${at.y}px) scale(${at.scale})` }}
            />
          </div>
          <footer className="row">
            <Button icon={<ChevronLeft />} label="The picture before" disabled={!onEarlier} onClick={onEarlier} />
            <div className="grow">{children}</div>
            <Button icon={<ChevronRight />} label="The picture after" disabled={!onLater} onClick={onLater} />
          </footer>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
