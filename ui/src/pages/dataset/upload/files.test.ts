import { expect, test } from "vitest";
import { batches, type Chosen } from "./files";

const file = (path: string, size: number): Chosen => ({ path, file: { size } as File });

test("files go together until there are enough of them, or of their bytes", () => {
  const files = [file("a", 4), file("b", 4), file("c", 4), file("large", 50), file("d", 1), file("e", 1), file("f", 1)];
  expect(batches(files, 2, 10).map((batch) => batch.map(({ path }) => path))).toEqual([["a", "b"], ["c"], ["large"], ["d", "e"], ["f"]]);
});

test("nothing is no batch", () => {
  expect(batches([])).toEqual([]);
});
