import { describe, expect, it } from "vitest";
import { ranksOf, relationOf } from "./relation";

const NUMBERS = Array.from({ length: 20 }, (_, at) => at + 1);

describe("relationOf", () => {
  it("is whole where one says the other, however bent", () => {
    expect(relationOf(NUMBERS, NUMBERS.map((value) => value ** 3))).toMatchObject({ strength: 1, direction: 1, count: 20, chance: 0 });
    expect(relationOf(NUMBERS.map(String), NUMBERS.map((value) => -Math.log(value)))).toMatchObject({ strength: 1, direction: -1 });
  });
  it("is weak, and likely by chance, where nothing goes with anything", () => {
    const found = relationOf(NUMBERS, NUMBERS.map((value) => (value * 7_919) % 101));
    expect(found?.strength).toBeLessThan(0.5);
    expect(found?.chance).toBeGreaterThan(0.05);
  });
  it("is between words and numbers too, without a direction", () => {
    const found = relationOf(NUMBERS.map((value) => (value > 10 ? "adam" : "sgd")), NUMBERS);
    expect(found?.direction).toBe(0);
    expect(found?.strength).toBeGreaterThan(0.8);
  });
  it("leaves out runs that lack one, and is nothing where nothing varies", () => {
    expect(relationOf([1, undefined, 2, 3, "4"], [1, 5, 2, 3, 4])?.count).toBe(4);
    expect(relationOf([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(relationOf([1, 2, 3], [1, 1, 1])).toBeNull();
    expect(relationOf([1, 2], [1, 2])).toBeNull();
  });
});

describe("ranksOf", () => {
  it("gives equal values equal ranks", () => {
    expect(ranksOf([10, 30, 10, 20])).toEqual([0.5, 3, 0.5, 2]);
  });
});
