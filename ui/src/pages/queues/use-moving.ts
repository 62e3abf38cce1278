import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { call } from "@/api/client";
import type { Results, Queue } from "@/api/results";
import { tell } from "@/app/toasts";
import { moved, type Place, placeOf } from "./order";

export const QUEUES = ["queues", "all"] as const;

interface Move {
  task: string;
  to: Place;
}

/**
 * Moves tasks within queues and between them: seen at once, and as the server has it afterwards. Says what was done, for those who do not
 * see it. The server is told of one move after the other, each made from what the one before left; what is asked meanwhile, as when
 * something else changes, takes none of them back.
 */
export function useMoving(found: Queue[] | undefined) {
  const client = useQueryClient();
  const [said, setSaid] = useState("");
  const [moves, setMoves] = useState<readonly Move[]>([]);
  const before = useRef<Promise<void>>(Promise.resolve());
  const queues = useMemo(() => found && moves.reduce((all, { task, to }) => moved(all, task, to), found), [found, moves]);

  async function tellServer(one: Move, from: Place, queue: Queue | undefined, name: string) {
    const { task, to } = one;
    try {
      if (from.queue === to.queue) await shift(to.queue, task, from.at - to.at);
      else await carry(task, from, to, queue?.entries?.length ?? 0);
      await client.cancelQueries({ queryKey: QUEUES });
      client.setQueryData<Results["queues.get_all_ex"]>(QUEUES, (now) => (now ? { ...now, queues: moved(now.queues, task, to) } : now));
      setSaid(`${name} is number ${to.at + 1} in ${queue?.name ?? "its queue"}.`);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
    setMoves((all) => all.filter((other) => other !== one));
    void client.invalidateQueries({ queryKey: ["queues"] });
  }
  function move(task: string, to: Place) {
    const from = queues ? placeOf(queues, task) : null;
    if (queues === undefined || from === null || (from.queue === to.queue && from.at === to.at)) return;
    const queue = moved(queues, task, to).find(({ id }) => id === to.queue);
    const name = queue?.entries?.[to.at]?.task.name ?? task;
    const one: Move = { task, to };
    setMoves((all) => [...all, one]);
    before.current = before.current.then(() => tellServer(one, from, queue, name));
  }
  return { queues, move, said };
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
