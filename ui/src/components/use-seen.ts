import { type RefObject, useEffect, useRef, useState } from "react";

/** Whether something has come near what is in view, from then on: what costs much waits until it is looked at. */
export function useSeen<Element extends HTMLElement>(): [RefObject<Element | null>, boolean] {
  const place = useRef<Element>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || place.current === null) return;
    const watch = new IntersectionObserver((entries) => (entries.some((entry) => entry.isIntersecting) ? setSeen(true) : null), { rootMargin: "300px" });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [seen]);
  return [place, seen];
}
