import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { call } from "@/api/client";
import type { Results, Queue } from "@/api/results";
import { tell } from "@/app/toasts";
import { moved, type Place, placeOf } from "./order";

export const QUEUES = ["queues", "all"] as const;

/** Moves tasks within queues and between them: seen at once, and as the server has it afterwards. Says what was done, for those who do not see it. */
export function useMoving(queues: readonly Queue[]) {
  const client = useQueryClient();
  const [said, setSaid] = useState("");
  const move = useCallback(
    async (task: string, to: Place) => {
      const from = placeOf(queues, task);
      if (from === null || (from.queue === to.queue && from.at === to.at)) return;
      const after = moved(queues, task, to);
      const queue = after.find(({ id }) => id === to.queue);
      const name = queue?.entries?.[to.at]?.task.name ?? task;
      await client.cancelQueries({ queryKey: QUEUES });
      client.setQueryData<Results["queues.get_all_ex"]>(QUEUES, (before) => (before ? { ...before, queues: after } : before));
      try {
        if (from.queue === to.queue) await shift(to.queue, task, from.at - to.at);
        else await carry(task, from, to, queue?.entries?.length ?? 0);
        setSaid(`${name} is number ${to.at + 1} in ${queue?.name ?? "its queue"}.`);
      } catch (error) {
        tell(error instanceof Error ? error.message : String(error));
      }
      await client.invalidateQueries({ queryKey: ["queues"] });
    },
    [queues, client],
  );
  return { move, said };
}

/** Forward by a positive number of places, back by a negative one. */
async function shift(queue: string, task: string, by: number): Promise<void> {
  if (by > 0) await call("queues.move_task_forward", { queue, task, count: by });
  if (by < 0) await call("queues.move_task_backward", { queue, task, count: -by });
}

/** Out of one queue and into another. A task that can't go into the other goes back to where it was. */
async function carry(task: string, from: Place, to: Place, length: number): Promise<void> {
  await call("queues.remove_task", { queue: from.queue, task });
  try {
    await call("queues.add_task", { queue: to.queue, task, update_execution_queue: true });
  } catch (error) {
    await call("queues.add_task", { queue: from.queue, task });
    throw error;
  }
  await shift(to.queue, task, length - 1 - to.at);
}
