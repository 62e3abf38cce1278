/** Colours of curves: told apart by people with any kind of colour vision, on light and on dark. Taken from Okabe and Ito, and Tol. */
const LIGHT = ["#0072b2", "#d55e00", "#007a5a", "#aa3377", "#8a6d00", "#4b2991", "#c1272d", "#00798c", "#6b6b6b", "#2e4a9e"];
const DARK = ["#56b4e9", "#f08c3a", "#2fc498", "#e388c0", "#d8b63d", "#ad93f0", "#ff7d74", "#4cc9d8", "#b5b5b5", "#8ea8ff"];

function hash(text: string): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  return value >>> 0;
}

/** The colours of some curves: each keeps its own wherever it is shown, and two on one chart differ as long as there are colours left. */
export function coloursOf(names: readonly string[], dark: boolean): Map<string, string> {
  const colours = dark ? DARK : LIGHT;
  const taken = new Set<number>();
  const found = new Map<string, string>();
  for (const name of [...names].sort()) {
    let place = hash(name) % colours.length;
    for (let tries = 0; tries < colours.length && taken.has(place); tries++) place = (place + 1) % colours.length;
    taken.add(place);
    if (taken.size === colours.length) taken.clear();
    found.set(name, colours[place] ?? "#888");
  }
  return found;
}

/** Colours for few things that are told apart on one page only: one after the other, the most different first. */
export function coloursInOrder(names: readonly string[], dark: boolean): Map<string, string> {
  const colours = dark ? DARK : LIGHT;
  return new Map(names.map((name, at) => [name, colours[at % colours.length] ?? "#888"]));
}
