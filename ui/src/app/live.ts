import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { BASE } from "@/api/client";

/** What the server says when something changed. */
interface Change {
  seq: number;
  kind: string;
  id: string | null;
  project: string | null;
}

type State = "live" | "away";
let state: State = "live";
const listeners = new Set<() => void>();

function set(next: State): void {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

/** Whether changes arrive; `away` while the server can't be reached. */
export function useLiveState(): State {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Ask again for whatever changes on the server. Many changes at once are one question. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => {
    const gathered = new Map<string, Change>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const source = new EventSource(`${BASE}/live`);
    source.onopen = () => {
      if (state === "away") void client.invalidateQueries();
      set("live");
    };
    source.onerror = () => set("away");
    source.onmessage = (message: MessageEvent<string>) => {
      const change = JSON.parse(message.data) as Change;
      gathered.set(`${change.kind.split(".")[0]} ${change.id}`, change);
      timer ??= setTimeout(() => {
        timer = undefined;
        const changes = [...gathered.values()];
        gathered.clear();
        ask(client, changes);
      }, 1_000);
    };
    return () => {
      source.close();
      clearTimeout(timer);
    };
  }, [client]);
}

/** Queries are named `[what, ...]`, with the id of what they are about among the rest: `["task", id, "scalars"]`, `["tasks", ...]`. */
function ask(client: QueryClient, changes: Change[]): void {
  const lists = new Set(changes.map((change) => `${change.kind.split(".")[0]}s`));
  const ids = new Set(changes.map((change) => change.id));
  void client.invalidateQueries({
    predicate: ({ queryKey: [what, id] }) => lists.has(String(what)) || (typeof id === "string" && ids.has(id)),
  });
}
