import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { call } from "@/api/client";
import type { Many } from "@/api/results";
import { tell } from "@/app/toasts";
import { count } from "@/components/format";

/** Runs in words: `1 run`, `12 runs`. */
export function runs(number: number): string {
  return number === 1 ? "1 run" : `${count(number)} runs`;
}

/** What was done, and the first reason why it was not for the others. */
export function outcome(done: string, { succeeded, failed }: Many): string {
  const first = failed[0];
  const good = succeeded.length || !first ? `${runs(succeeded.length)} ${done}.` : "";
  return first ? `${good} ${runs(failed.length)} not: ${first.error.msg}`.trim() : good;
}

/** Ask again for everything that shows runs. */
export async function refresh(client: QueryClient): Promise<void> {
  await Promise.all([client.invalidateQueries({ queryKey: ["tasks"] }), client.invalidateQueries({ queryKey: ["task"] }), client.invalidateQueries({ queryKey: ["queues"] })]);
}

/** Things that are done at once. What goes wrong is told. */
export function useDoing() {
  const client = useQueryClient();
  const attempt = useCallback(
    async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        tell(error instanceof Error ? error.message : String(error));
      }
      await refresh(client);
    },
    [client],
  );
  return {
    archive: (ids: string[]) =>
      attempt(async () => {
        const answer = await call("tasks.archive_many", { ids });
        const done = answer.succeeded.map(({ id }) => id);
        tell(
          outcome("archived", answer),
          done.length
            ? async () => {
                await call("tasks.unarchive_many", { ids: done });
                await refresh(client);
              }
            : undefined,
        );
      }),
    bringBack: (ids: string[]) => attempt(async () => tell(outcome("brought back", await call("tasks.unarchive_many", { ids })))),
    stop: (ids: string[]) => attempt(async () => tell(outcome("stopped, or asked to stop", await call("tasks.stop_many", { ids })))),
  };
}
