import type { CSSProperties } from "react";

const COLOURS = ["var(--ink)", "var(--bad)", "var(--good)", "var(--warn)", "var(--run)", "#a0529f", "#1c8a93", "var(--ink-soft)"];
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b\[([0-9;?]*)([A-Za-z])/g;

export interface Span {
  text: string;
  style: CSSProperties;
  isMarked?: boolean;
}

/** A line of a terminal in pieces of one look each; what moves the cursor is left out. Of a line that was drawn over and over, the last state is left. */
export function spans(drawn: string): Span[] {
  const found: Span[] = [];
  const line = drawn.replace(/\r+$/, "").replace(/^.*\r/s, "");
  let style: CSSProperties = {};
  let from = 0;
  for (const match of line.matchAll(SEQUENCE)) {
    if (match.index > from) found.push({ text: line.slice(from, match.index), style });
    from = match.index + match[0].length;
    if (match[2] === "m") style = styled(style, (match[1] ?? "").split(";").map(Number));
  }
  if (from < line.length) found.push({ text: line.slice(from), style });
  return found;
}

/** The same pieces, with each place that holds `wanted` in a piece of its own. */
export function marked(pieces: readonly Span[], wanted: string, isExact: boolean): readonly Span[] {
  if (!wanted) return pieces;
  const fold = (text: string) => (isExact ? text : text.toLowerCase());
  const whole = fold(pieces.map(({ text }) => text).join(""));
  const sought = fold(wanted);
  const edges: number[] = [];
  for (let at = whole.indexOf(sought); at >= 0; at = whole.indexOf(sought, at + sought.length)) edges.push(at, at + sought.length);
  if (!edges.length) return pieces;
  const found: Span[] = [];
  let begin = 0;
  for (const { text, style } of pieces) {
    const end = begin + text.length;
    const cuts = [begin, ...edges.filter((edge) => edge > begin && edge < end), end];
    for (let part = 0; part + 1 < cuts.length; part++) {
      const from = cuts[part] ?? 0;
      const before = edges.filter((edge) => edge <= from).length;
      found.push({ text: text.slice(from - begin, (cuts[part + 1] ?? end) - begin), style, isMarked: before % 2 === 1 });
    }
    begin = end;
  }
  return found;
}

function styled(before: CSSProperties, codes: number[]): CSSProperties {
  let style = before;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) style = {};
    else if (code === 1) style = { ...style, fontWeight: 700 };
    else if (code === 2) style = { ...style, opacity: 0.7 };
    else if (code === 3) style = { ...style, fontStyle: "italic" };
    else if (code === 4) style = { ...style, textDecoration: "underline" };
    else if (code >= 30 && code <= 37) style = { ...style, color: COLOURS[code - 30] };
    else if (code >= 90 && code <= 97) style = { ...style, color: COLOURS[code - 90] };
    else if (code === 39) style = { ...style, color: undefined };
    else if (code === 38 || code === 48) at += codes[at + 1] === 2 ? 4 : 2; // colours that no theme knows
  }
  return style;
}
