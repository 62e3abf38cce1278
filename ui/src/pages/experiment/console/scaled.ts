/** How tall a list may be drawn: browsers know no more than about 17 million pixels. A longer one is scrolled faster. */
export const TALLEST = 15_000_000;

export interface Scale {
  /** How tall all lines are together. */
  natural: number;
  /** How tall they are drawn. */
  drawn: number;
  /** How much of it is in view. */
  view: number;
}

export function scaleOf(total: number, height: number, view: number): Scale {
  const natural = total * height;
  return { natural, drawn: Math.min(natural, TALLEST), view };
}

/** Where among all lines a place of the scroll bar lies, in pixels. */
export function offsetAt({ natural, drawn, view }: Scale, scrolled: number): number {
  return drawn <= view || natural === drawn ? scrolled : (scrolled / (drawn - view)) * (natural - view);
}

/** Where the scroll bar has to be for an offset among all lines. */
export function scrolledTo({ natural, drawn, view }: Scale, offset: number): number {
  const within = Math.min(Math.max(0, offset), Math.max(0, natural - view));
  return drawn <= view || natural === drawn ? within : (within / (natural - view)) * (drawn - view);
}
