import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { BASE, call, CallError } from "@/api/client";
import { tell } from "./toasts";

/** What the server says when something changed. */
interface Change {
  seq: number;
  kind: string;
  entity: string | null;
  project: string | null;
}

const QUIET = 45_000;

/** Ids of what is being deleted here. It is not asked for meanwhile: the server would only say that it does not exist. */
export const leaving = new Set<unknown>();

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

/** Ask again for whatever changes on the server, as long as somebody is signed in. Many changes at once are one question. */
export function useLive(isSignedIn: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!isSignedIn) return;
    const gathered = new Map<string, Change>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource;
    // Where the feed was, so that nothing is missed between two connections.
    let last = "";
    let watch: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;

    /** The server says something every 15 seconds. A line that was cut without a word, as by a laptop's sleep, says nothing. */
    function heard() {
      clearTimeout(watch);
      watch = setTimeout(() => {
        source.close();
        set("away");
        connect();
      }, QUIET);
    }

    function connect() {
      source = new EventSource(`${BASE}/live${last ? `?after=${last}` : ""}`);
      heard();
      source.addEventListener("still-here", heard);
      source.onopen = () => {
        heard();
        if (state === "away") {
          tell("The server is back.");
          void client.invalidateQueries();
        }
        set("live");
      };
      source.onerror = () => {
        // A browser tries again by itself after a cut, but not after an answer that is no feed: a proxy's, or that nobody is signed in.
        if (source.readyState === EventSource.CLOSED) again = setTimeout(() => void lookAndConnect(), 3_000);
        else set("away");
      };
      source.onmessage = (message: MessageEvent<string>) => {
        heard();
        last = message.lastEventId;
        const change = JSON.parse(message.data) as Change;
        gathered.set(`${change.kind.split(".")[0]} ${change.entity}`, change);
        timer ??= setTimeout(() => {
          timer = undefined;
          const changes = [...gathered.values()];
          gathered.clear();
          ask(client, changes);
        }, 1_000);
      };
    }
    async function lookAndConnect() {
      try {
        await call("users.get_current_user", {});
      } catch (error) {
        if (error instanceof CallError && error.isSignedOut) return;
        set("away");
      }
      if (!isOver) connect();
    }
    connect();
    return () => {
      isOver = true;
      source.close();
      clearTimeout(timer);
      clearTimeout(again);
      clearTimeout(watch);
    };
  }, [client, isSignedIn]);
}

const IN_PROJECTS = ["tasks", "models", "versions"];

/** Queries are named `[what, ...]`, with the id of what they are about among the rest: `["task", id, "scalars"]`, `["tasks", ...]`. */
function ask(client: QueryClient, changes: Change[]): void {
  const kinds = new Set(changes.map((change) => change.kind.split(".")[0]));
  // What lies in a project that was archived is not listed any more.
  const lists = new Set([...kinds].flatMap((kind) => (kind === "project" ? ["projects", ...IN_PROJECTS] : [`${kind}s`])));
  const ids = new Set(changes.map((change) => change.entity));
  void client.invalidateQueries({
    predicate: ({ queryKey }) => {
      const [what, id] = queryKey;
      return (lists.has(String(what)) || (typeof id === "string" && ids.has(id))) && !queryKey.some((part) => leaving.has(part));
    },
  });
}
