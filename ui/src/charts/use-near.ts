import { type RefObject, useEffect, useRef, useState } from "react";

/** Whether something is near what is in view now, and whether it ever was: what costs much is made then, and asks for news only while it is near. */
export function useNear<Element extends HTMLElement>(): [RefObject<Element | null>, boolean, boolean] {
  const place = useRef<Element>(null);
  const [near, setNear] = useState(false);
  const [was, setWas] = useState(false);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const watch = new IntersectionObserver(
      (entries) => {
        const is = entries.at(-1)?.isIntersecting ?? false;
        setNear(is);
        if (is) setWas(true);
      },
      { rootMargin: "300px" },
    );
    watch.observe(host);
    return () => watch.disconnect();
  }, []);
  return [place, near, was];
}
