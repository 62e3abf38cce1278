import { RUN_TYPES } from "@/api/kinds";
import type { Search } from "@/app/router";
import { time } from "@/components/format";
import { known, type Metric, pathOf, read, titleAt } from "./columns";

/** What is asked of one column: a number or a time within bounds, or a part of a text. */
export type Condition = { key: string } & ({ kind: "range"; low?: string; high?: string } | { kind: "text"; text: string });

const escape = (text: string) => text.replaceAll("%", "%25").replaceAll(",", "%2C");
const unescape = (text: string) => text.replaceAll("%2C", ",").replaceAll("%25", "%");

/** Conditions as an address writes them: `param:Args/lr=0.1..0.5,param:Args/net~deep`. */
export function writeConditions(conditions: readonly Condition[]): string | undefined {
  const parts = conditions.map((condition) => {
    const key = condition.key.replaceAll("=", "%3D").replaceAll("~", "%7E");
    return condition.kind === "text" ? `${key}~${escape(condition.text)}` : `${key}=${condition.low ?? ""}..${condition.high ?? ""}`;
  });
  return parts.join(",") || undefined;
}

export function readConditions(said: string | undefined): Condition[] {
  return (said ?? "").split(",").flatMap((part): Condition[] => {
    const [, written = "", sign, rest = ""] = /^([^=~]+)([=~])(.*)$/s.exec(part) ?? [];
    const key = written.replaceAll("%3D", "=").replaceAll("%7E", "~");
    if (sign === "~" && rest) return [{ key, kind: "text", text: unescape(rest) }];
    const [low, high] = rest.split("..");
    return sign === "=" && (low || high) ? [{ key, kind: "range", ...(low ? { low } : {}), ...(high ? { high } : {}) }] : [];
  });
}

/** The conditions with another one for the same column; with null, without it. */
export function withCondition(all: readonly Condition[], key: string, condition: Condition | null): Condition[] {
  return [...all.filter((one) => one.key !== key), ...(condition ? [condition] : [])];
}

/** Which words of the address choose among known values: by the column. */
export const CHOICES: Record<string, "status" | "type" | "tag" | "user" | "project"> = { "@status": "status", "@type": "type", "@tags": "tag", "@user": "user", "@project": "project" };

export function chosenOf(said: string | undefined): string[] {
  return (said ?? "").split(",").filter(Boolean).map(unescape);
}

export function saidChoice(chosen: readonly string[]): string | undefined {
  return chosen.map(escape).join(",") || undefined;
}

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The metrics that a view needs to know by their hashes. */
export function needsMetrics(keys: readonly string[]): boolean {
  return keys.some((key) => !known(key) && read(key).kind !== "param");
}

/** What the server is asked for. Nothing yet, if a condition is about a metric that is still looked up; of one that nobody knows, no run has a value. */
export function requestOf(search: Search, text: string, metrics: readonly Metric[] | undefined): Record<string, unknown> | undefined {
  const request: Record<string, unknown> = {
    ...(search.project ? { project: chosenOf(search.project), include_subprojects: true } : {}),
    ...(search.status ? { status: chosenOf(search.status) } : {}),
    ...(search.tag ? { tags: ["__$all", ...chosenOf(search.tag)] } : {}),
    ...(search.user ? { user: chosenOf(search.user) } : {}),
    ...(text ? { _any_: { pattern: literally(text), fields: ["name", "id"] } } : {}),
    type: search.type ? chosenOf(search.type) : RUN_TYPES,
    // The task of a version is seen among the datasets.
    system_tags: [search.archived ? "archived" : "-archived", "-dataset"],
  };
  const all: Record<string, unknown>[] = [];
  for (const condition of readConditions(search.where)) {
    const one = known(condition.key);
    const wanted = one ? null : read(condition.key);
    const path = one?.field ?? (wanted && pathOf(wanted, metrics ?? []));
    if (!path) {
      if (metrics === undefined) return undefined;
      return { ...request, id: ["none"] };
    }
    const number = (bound: string | undefined) => (bound === undefined || Number.isNaN(Number(bound)) ? null : Number(bound));
    if (condition.kind === "text") all.push({ fields: [path], pattern: literally(condition.text) });
    else if (one) request[path] = [...(condition.low ? [`>=${condition.low}`] : []), ...(condition.high ? [`<=${condition.high}`] : [])];
    else if (wanted?.kind === "param") all.push({ fields: [path], range: [number(condition.low), number(condition.high)] });
    else {
      const before = request[path] as [number | null, number | null] | undefined;
      request[path] = before ?? [number(condition.low), number(condition.high)];
    }
  }
  return all.length ? { ...request, _all_: all } : request;
}

export interface Chip {
  key: string;
  label: string;
  text: string;
  without: Search;
}

/** What is asked for, each in words, and the address without it. */
export function chipsOf(search: Search, nameOf: (choice: string, value: string) => string): Chip[] {
  const found: Chip[] = [];
  for (const [key, word] of Object.entries(CHOICES)) {
    const values = chosenOf(search[word]);
    if (values.length) found.push({ key, label: titleAt(key), text: values.map((value) => nameOf(word, value)).join(word === "tag" ? " and " : " or "), without: { [word]: undefined } });
  }
  const conditions = readConditions(search.where);
  for (const condition of conditions) {
    const without = { where: writeConditions(withCondition(conditions, condition.key, null)) };
    found.push({ key: condition.key, label: titleAt(condition.key), text: wordsOf(condition), without });
  }
  return found;
}

function wordsOf(condition: Condition): string {
  if (condition.kind === "text") return `has “${condition.text}”`;
  const said = known(condition.key)?.filter === "time" ? time : (bound: string) => bound;
  if (condition.low && condition.high) return `${said(condition.low)} to ${said(condition.high)}`;
  return condition.low ? `from ${said(condition.low)}` : `up to ${said(condition.high ?? "")}`;
}
