import { expect, test } from "vitest";
import { columnType } from "./column-type";

test.each([
  [["1", "-2", ""], "integer"],
  [["1", "2.5", "1e-3", "nan"], "number"],
  [["true", "False"], "boolean"],
  [["2026-01-31", "2026-01-31T10:00:00Z"], "date"],
  [["1", "x"], "text"],
  [["", "null"], "empty"],
])("%j looks like %s", (cells, type) => {
  expect(columnType(cells)).toBe(type);
});
