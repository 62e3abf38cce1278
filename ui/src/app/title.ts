import { useEffect } from "react";
import { remember } from "./recent";

/** Pages of one thing, whose name is worth remembering. */
const OF_ONE = /^\/(experiments|datasets|models|reports|pipelines)\/[^/]+$/;

/** The window is called after the page's heading, and pages of one thing are remembered by it. */
export function useTitle(path: string): void {
  useEffect(() => {
    const main = document.getElementById("main");
    if (main === null) return;
    let before = "";
    function name() {
      const heading = main?.querySelector("h1")?.textContent?.trim() ?? "";
      if (heading === before) return;
      before = heading;
      document.title = heading && heading !== "Home" ? `${heading} · Tilth` : "Tilth";
      if (heading && OF_ONE.test(path) && path !== "/datasets/new") remember({ path, label: heading });
    }
    name();
    const watch = new MutationObserver(name);
    watch.observe(main, { subtree: true, childList: true, characterData: true });
    return () => watch.disconnect();
  }, [path]);
}
