import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "tilth-theme";
const listeners = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => {
  for (const listener of listeners) listener();
});

function read(): Theme {
  const said = document.documentElement.dataset.theme;
  return said === "dark" || said === "light" ? said : "system";
}

export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // a browser that keeps nothing: it lasts until the page is left
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, read);
}

/** Whether what is drawn by hand, such as charts, has to be dark. */
export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, () => (read() === "system" ? dark.matches : read() === "dark"));
}
