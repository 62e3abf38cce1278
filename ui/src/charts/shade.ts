/** Colours from little to much, which people with any colour vision can put in order: taken from viridis, lighter on dark ground. */
const LIGHT = ["#440154", "#3b528b", "#21908c", "#4aa84f", "#b5a300"];
const DARK = ["#8f6bd1", "#5f8fe0", "#35b7b2", "#6ed06a", "#fde725"];

/** The colour of a share from 0 to 1; grey where there is none. */
export function shadeOf(share: number | null, dark: boolean): string {
  if (share === null || !Number.isFinite(share)) return "#8a8576";
  const colours = dark ? DARK : LIGHT;
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const at = Math.min(colours.length - 2, Math.floor(place));
  const [from, to] = [rgb(colours[at] ?? "#000000"), rgb(colours[at + 1] ?? "#000000")];
  return `rgb(${from.map((part, index) => Math.round(part + ((to[index] ?? 0) - part) * (place - at))).join(" ")})`;
}

function rgb(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}
