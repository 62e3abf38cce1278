import { inksInOrder } from "@/charts/colours";
import { scaleOf } from "@/charts/scale";
import { shadeOf } from "@/charts/shade";
import { number } from "@/components/format";
import { asNumber, type Run, type Trait } from "./runs";

/** How runs are coloured, and what the colours say. */
export interface Tint {
  of: (index: number) => string;
  legend: { label: string; colour: string }[];
}

const WORDS = 10;

/** The colour of each run: its own; or, of what it is coloured by, one for each word, or a shade for how much it has. */
export function tintOf(runs: readonly Run[], by: Trait | undefined, colours: ReadonlyMap<string, string>, dark: boolean): Tint {
  if (by === undefined) return { of: (index) => colours.get(runs[index]?.id ?? "") ?? "#888888", legend: [] };
  const said = by.values.filter((value) => value !== undefined && value !== "");
  const words = [...new Set(said.map(String))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  if (words.length <= WORDS && said.some((value) => asNumber(value) === null)) {
    const inks = inksInOrder(words, dark);
    return { of: (index) => inks.get(String(by.values[index]))?.colour ?? "#888888", legend: words.map((label) => ({ label, colour: inks.get(label)?.colour ?? "#888888" })) };
  }
  const scale = scaleOf(by.values, number);
  return { of: (index) => shadeOf(scale.at(by.values[index]), dark), legend: scale.ticks.map(({ label, at }) => ({ label, colour: shadeOf(at, dark) })) };
}
