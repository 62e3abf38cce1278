import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

interface Page<Row> {
  rows: Row[];
  total: number;
}

/** Rows of a long list, of which only the pages in view are asked for. `key` names the list, and changes when it is another one. */
export function usePages<Row>(key: readonly unknown[], ask: (page: number, size: number, signal: AbortSignal) => Promise<Page<Row>>, size = 100) {
  const [view, setView] = useState<[number, number]>([0, 0]);
  const pages = useMemo(() => {
    const first = Math.floor(view[0] / size);
    return Array.from({ length: Math.floor(view[1] / size) - first + 1 }, (_, index) => first + index);
  }, [view, size]);
  const found = useQueries({
    queries: pages.map((page) => ({
      queryKey: [...key, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => ask(page, size, signal),
      placeholderData: keepPreviousData,
    })),
  });
  const known = found.find(({ data }) => data !== undefined);
  const rowAt = (index: number): Row | undefined => {
    const result = found[pages.indexOf(Math.floor(index / size))];
    return result?.isPlaceholderData ? undefined : result?.data?.rows[index % size];
  };
  const onView = useCallback((first: number, last: number) => setView((before) => (before[0] === first && before[1] === last ? before : [first, last])), []);
  return {
    query: { data: known?.data?.total, error: found.find(({ error }) => error)?.error ?? null, refetch: () => Promise.all(found.map(({ refetch }) => refetch())) },
    rowAt,
    onView,
  };
}
