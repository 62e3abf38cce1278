import { describe, expect, it } from "vitest";
import { chartsOf, sectionsOf, variantsByUse } from "./grouping";

const NAMES = [
  { metric: ":monitor:gpu", variant: "gpu_0" },
  { metric: "val/loss", variant: "a" },
  { metric: "train/loss", variant: "a" },
  { metric: "train/accuracy", variant: "a" },
  { metric: "rate", variant: "a" },
];
const titles = (grouping: "metric" | "none" | "prefix" | "name") => chartsOf(NAMES, grouping).map(({ title, curves }) => [title, curves.map(({ name }) => name)]);

describe("chartsOf", () => {
  it("draws the curves of a metric on one chart, machine load last", () => {
    expect(titles("metric").map(([title]) => title)).toEqual(["rate", "train/accuracy", "train/loss", "val/loss", ":monitor:gpu"]);
  });
  it("draws each curve alone", () => {
    expect(titles("none")[0]).toEqual(["rate / a", ["a"]]);
  });
  it("draws what begins, or what ends, with the same together", () => {
    expect(titles("prefix")).toContainEqual(["train", ["accuracy / a", "loss / a"]]);
    expect(titles("name")).toContainEqual(["loss", ["train / a", "val / a"]]);
  });
});

describe("sectionsOf", () => {
  it("is by prefix, first what has none, and last the machine", () => {
    expect(sectionsOf(chartsOf(NAMES, "metric")).map(([name, charts]) => [name, charts.length])).toEqual([
      ["", 1],
      ["train", 2],
      ["val", 1],
      [":monitor:", 1],
    ]);
  });
});

describe("variantsByUse", () => {
  it("puts those of most metrics first, and machine load last", () => {
    const names = [
      { metric: ":monitor:gpu", variant: "gpu_0" },
      { metric: ":monitor:cpu", variant: "gpu_0" },
      { metric: "rate", variant: "group 0" },
      { metric: "loss", variant: "val" },
      { metric: "loss", variant: "train" },
      { metric: "accuracy", variant: "val" },
      { metric: "accuracy", variant: "train" },
    ];
    expect(variantsByUse(names)).toEqual(["train", "val", "group 0", "gpu_0"]);
  });
});
