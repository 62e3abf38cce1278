import { useNavigate } from "@tanstack/react-router";
import { useLayoutEffect, useRef } from "react";
import { isWriting } from "@/components/focus";
import { PLACES } from "./places";

const PATIENCE = 1_200;

/** The keys that work everywhere, unless something is being written or stands in front of the page, or is about to. */
export function useKeys(does: { isCovered: boolean; onPalette: () => void; onHelp: () => void }): void {
  const navigate = useNavigate();
  const doing = useRef(does);
  doing.current = does;
  // Before anything is seen: who sees the page may press a key.
  useLayoutEffect(() => {
    let going = Number.NEGATIVE_INFINITY;
    function onKey(event: KeyboardEvent) {
      if (event.defaultPrevented || event.isComposing) return;
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        doing.current.onPalette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isWriting(event.target) || doing.current.isCovered || document.querySelector("[role=dialog], [role=menu]")) return;
      // When keys were pressed, not when a busy page comes to them.
      const place = event.timeStamp - going < PATIENCE ? PLACES.find(({ key }) => key === event.key) : undefined;
      going = event.key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (place !== undefined) void navigate({ to: place.to, search: {} });
      else if (event.key === "/") doing.current.onPalette();
      else if (event.key === "?") doing.current.onHelp();
      else if (event.key === "j" || event.key === "k") document.querySelector<HTMLElement>('#main [role=row][tabindex="0"]')?.focus();
      else return;
      event.preventDefault();
    }
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [navigate]);
}
