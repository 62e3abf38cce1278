import { type CSSProperties, type ReactNode, useCallback, useLayoutEffect, useRef, useState } from "react";
import { offsetAt, scaleOf, scrolledTo } from "./scaled";

const HEIGHT = 20;
const AROUND = 30;
const NEAR = 30;
const LEAST = 320;
const BELOW = 20;

/** Where a roll is to be; each new object is another wish to go there. */
export interface Place {
  line: number;
  isMiddle?: boolean;
}

interface RollProps {
  label: string;
  total: number;
  place: Place;
  /** Whether the end stays in view when it moves on. */
  follows: boolean;
  /** Called with the lines in view, and whether they are the last ones. */
  onPlace: (first: number, last: number, isEnd: boolean) => void;
  style?: Record<string, number>;
  children: (index: number) => ReactNode;
}

/** Lines of one height, any number of them, of which those in view are drawn. */
export function Roll({ label, total, place, follows, onPlace, style, children }: RollProps) {
  const frame = useRef<HTMLDivElement>(null);
  const went = useRef<Place>(null);
  const [view, setView] = useState(0);
  const [scrolled, setScrolled] = useState(0);
  const scale = scaleOf(total, HEIGHT, view);

  const read = useCallback(() => {
    const host = frame.current;
    if (host === null) return;
    setScrolled(host.scrollTop);
    const now = scaleOf(total, HEIGHT, host.clientHeight);
    const first = Math.floor(offsetAt(now, host.scrollTop) / HEIGHT);
    const isEnd = host.scrollTop + host.clientHeight >= host.scrollHeight - NEAR;
    onPlace(first, Math.min(total - 1, first + Math.ceil(host.clientHeight / HEIGHT)), isEnd);
  }, [total, onPlace]);

  useLayoutEffect(() => {
    const host = frame.current;
    if (host === null) return;
    // As tall as what is left of the window, so that the last line can be seen.
    const fit = () => {
      const top = host.getBoundingClientRect().top + scrollY;
      host.style.height = `${Math.max(LEAST, innerHeight - top - BELOW)}px`;
      setView(host.clientHeight);
    };
    fit();
    const watch = new ResizeObserver(() => setView(host.clientHeight));
    watch.observe(host);
    addEventListener("resize", fit);
    return () => {
      watch.disconnect();
      removeEventListener("resize", fit);
    };
  }, []);

  useLayoutEffect(() => {
    const host = frame.current;
    if (host === null || view === 0 || place === went.current) return;
    went.current = place;
    host.scrollTop = scrolledTo(scaleOf(total, HEIGHT, view), place.line * HEIGHT - (place.isMiddle ? view / 2 : 0));
    read();
    // a wish is followed once, not whenever lines are added
  }, [place, view]);

  // In one step with the lines that came: an event of an earlier scrolling that is handled in between would not be at the end any more.
  useLayoutEffect(() => {
    const host = frame.current;
    if (host !== null && follows) host.scrollTop = host.scrollHeight;
  }, [total, follows, view]);

  const offset = offsetAt(scale, scrolled);
  const first = Math.max(0, Math.floor(offset / HEIGHT) - AROUND);
  const last = Math.min(total - 1, Math.ceil((offset + view) / HEIGHT) + AROUND);
  return (
    <div ref={frame} className="log" tabIndex={0} role="log" aria-label={label} aria-live="off" onScroll={read} style={style as CSSProperties}>
      <div className="log-lines" style={{ height: scale.drawn }}>
        {Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at).map((index) => (
          <div key={index} className="log-line" data-line={index + 1} style={{ transform: `translateY(${scrolled + index * HEIGHT - offset}px)` }}>
            {children(index)}
          </div>
        ))}
      </div>
    </div>
  );
}
