const KEY = "tilth-recent";
const MOST = 8;

/** A page that somebody looked at lately. */
export interface Recent {
  path: string;
  label: string;
}

/** What was looked at lately in this browser, the last first. */
export function recent(): Recent[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one): one is Recent => typeof one?.path === "string" && one.path.startsWith("/") && typeof one?.label === "string") : [];
  } catch {
    return [];
  }
}

export function remember(one: Recent): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([one, ...recent().filter(({ path }) => path !== one.path)].slice(0, MOST)));
  } catch {
    // a browser that keeps nothing: nothing is remembered
  }
}

/** Whoever signs out leaves no names behind, and no text that was not saved. */
export function forget(): void {
  try {
    localStorage.removeItem(KEY);
    sessionStorage.clear();
  } catch {
    // there is nothing to forget
  }
}
