import type { CSSProperties } from "react";

const COLOURS = ["var(--ink)", "var(--bad)", "var(--good)", "var(--warn)", "var(--run)", "#a0529f", "#1c8a93", "var(--ink-soft)"];
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b\[([0-9;?]*)([A-Za-z])/g;

/** A line of a terminal in pieces of one look each; what moves the cursor is left out. */
export function spans(line: string): { text: string; style: CSSProperties }[] {
  const found: { text: string; style: CSSProperties }[] = [];
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
