import { type RefObject, useEffect, useRef, useState } from "react";

/** How wide something is; what is drawn into it follows. */
export function useWidth<Element extends HTMLElement>(): [RefObject<Element | null>, number] {
  const place = useRef<Element>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const watch = new ResizeObserver(() => setWidth(host.clientWidth));
    watch.observe(host);
    return () => watch.disconnect();
  }, []);
  return [place, width];
}
