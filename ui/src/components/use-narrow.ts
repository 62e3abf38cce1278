import { useSyncExternalStore } from "react";

const narrow = matchMedia("(max-width: 860px)");

/** Whether the page is as narrow as a phone, where it has one column. */
export function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener("change", listener);
      return () => narrow.removeEventListener("change", listener);
    },
    () => narrow.matches,
  );
}
