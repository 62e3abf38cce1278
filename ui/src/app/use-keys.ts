import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { isWriting } from "@/components/focus";
import { PLACES } from "./places";

const PATIENCE = 1_200;

/** The keys that work everywhere, unless something is being written or stands in front of the page. */
export function useKeys(does: { onPalette: () => void; onHelp: () => void }): void {
  const navigate = useNavigate();
  const doing = useRef(does);
  doing.current = does;
  useEffect(() => {
    let going = 0;
    function onKey(event: KeyboardEvent) {
      if (event.defaultPrevented || event.isComposing) return;
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        doing.current.onPalette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isWriting(event.target) || document.querySelector("[role=dialog], [role=menu]")) return;
      const place = Date.now() - going < PATIENCE ? PLACES.find(({ key }) => key === event.key) : undefined;
      going = event.key === "g" ? Date.now() : 0;
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
