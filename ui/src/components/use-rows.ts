import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

const AHEAD = 300;
const BEHIND = 100;
const PATIENCE = 80;
const REST = 250;
const MOST_KEPT = 20_000;

/** Rows of a list that is too long to be fetched: what is in view, then what lies ahead in the direction of travel. What was seen stays known. */
export function useRows<Row>(key: readonly unknown[], isReady: boolean, ask: (page: number, size: number, signal: AbortSignal) => Promise<Row[]>, size = 200) {
  const [view, setView] = useState({ first: 0, last: 0, isDown: true });
  const asked = useRef(view);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onView = useCallback((first: number, last: number) => {
    clearTimeout(timer.current);
    const show = () => {
      const before = asked.current;
      if (before.first === first && before.last === last) return;
      asked.current = { first, last, isDown: first >= before.first };
      setView(asked.current);
    };
    // What only flies past is not asked for.
    if (Math.abs(first - asked.current.first) < AHEAD) show();
    else timer.current = setTimeout(show, PATIENCE);
  }, []);

  const [from, to] = [Math.floor(view.first / size), Math.floor(view.last / size)];
  const [above, below] = view.isDown ? [BEHIND, AHEAD] : [AHEAD, BEHIND];
  // Whoever jumps about waits for nothing but what is in view.
  const least = Math.floor(Math.max(0, view.first - above) / size);
  const most = Math.floor((view.last + below) / size);
  const pages = useMemo(() => Array.from({ length: most - least + 1 }, (_, index) => least + index), [least, most]);
  const [hasFirst, setFirst] = useState(false);
  const client = useQueryClient();
  // A page that is not full is the last one.
  const isBehindTheLast = (page: number) => pages.some((one) => one < page && (client.getQueryData<Row[]>([...key, one])?.length ?? size) < size);
  const found = useQueries({
    queries: pages.map((page) => ({
      queryKey: [...key, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => ask(page, size, signal),
      // What is looked at comes before what may be looked at.
      enabled: isReady && ((page >= from && page <= to) || (hasFirst && !isBehindTheLast(page))),
      gcTime: 60_000,
    })),
  });
  const isThere = pages.every((page, index) => page < from || page > to || found[index]?.data !== undefined);
  useEffect(() => {
    if (!isThere) return setFirst(false);
    const soon = setTimeout(() => setFirst(true), REST);
    return () => clearTimeout(soon);
  }, [isThere]);

  const known = useRef(new Map<number, Row>());
  const list = JSON.stringify(key);
  const whose = useRef(list);
  // The rows of the list before are shown until the first ones of this are here.
  if (whose.current !== list && found.some(({ data }) => data !== undefined)) {
    known.current.clear();
    whose.current = list;
  }
  pages.forEach((page, index) => {
    const result = found[index];
    if (result?.data) for (const [at, row] of result.data.entries()) known.current.set(page * size + at, row);
  });
  if (known.current.size > MOST_KEPT) for (const at of known.current.keys()) if (Math.abs(at - view.first) > MOST_KEPT / 4) known.current.delete(at);
  return {
    known: known.current,
    rowAt: (index: number): Row | undefined => known.current.get(index),
    onView,
    error: found.find(({ error }) => error)?.error ?? null,
    retry: () => Promise.all(found.map(({ refetch }) => refetch())),
  };
}
