import { describe, expect, it } from "vitest";
import type { Queue } from "@/api/results";
import { dropAt, moved, placeOf } from "./order";

const queue = (id: string, ...tasks: string[]): Queue => ({ id, name: id, entries: tasks.map((task) => ({ task: { id: task, name: task } })) });
const order = (queues: Queue[]) => queues.map(({ entries }) => entries?.map(({ task }) => task.id));

describe("moving a task", () => {
  const queues = [queue("a", "1", "2", "3"), queue("b", "4")];
  it("changes its place in its queue", () => {
    expect(order(moved(queues, "3", { queue: "a", at: 0 }))).toEqual([["3", "1", "2"], ["4"]]);
    expect(order(moved(queues, "1", { queue: "a", at: 2 }))).toEqual([["2", "3", "1"], ["4"]]);
  });
  it("takes it into another queue", () => expect(order(moved(queues, "2", { queue: "b", at: 1 }))).toEqual([["1", "3"], ["4", "2"]]));
  it("changes nothing when it does not wait any more", () => expect(order(moved(queues, "9", { queue: "b", at: 0 }))).toEqual([["1", "2", "3"], ["4"]]));
  it("knows where it is", () => expect([placeOf(queues, "3"), placeOf(queues, "9")]).toEqual([{ queue: "a", at: 2 }, null]));
});

it("drops between the lines above and below", () => expect([dropAt([10, 30, 50], 5), dropAt([10, 30, 50], 31), dropAt([10, 30, 50], 99), dropAt([], 1)]).toEqual([0, 2, 3, 0]));
