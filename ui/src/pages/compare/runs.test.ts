import { describe, expect, it } from "vitest";
import type { Task } from "@/api/types";
import { asNumber, differs, groupsOf, runsOf, traitsOf } from "./runs";

const task = (id: string, name: string, lr: string, tags: string[] = []): Task => ({
  id,
  name,
  type: "training",
  status: "completed",
  tags,
  hyperparams: { Args: { lr: { section: "Args", name: "lr", value: lr } } },
});
const three = runsOf(["c", "a", "b"], [task("a", "net", "1", ["x", "y"]), task("b", "net", "2", ["y"]), task("c", "other", "1")]);

describe("runs", () => {
  it("are in the order that was asked for, and each has a name of its own", () => {
    expect(three.map(({ name }) => name)).toEqual(["other", "net (a)", "net (b)"]);
  });
  it("that are gone are left out", () => {
    expect(runsOf(["gone"], [])).toEqual([]);
  });
  it("differ in what is not the same in all", () => {
    const traits = traitsOf(three);
    expect(traits.filter(differs).map(({ name }) => name)).toEqual(["tags", "Args/lr"]);
    expect(traits.find(({ name }) => name === "Args/lr")?.values).toEqual(["1", "1", "2"]);
  });
  it("are in a group for each of their tags", () => {
    expect([...groupsOf(three, "tag")].map(([name, runs]) => [name, runs.length])).toEqual([
      ["no tag", 1],
      ["x", 1],
      ["y", 2],
    ]);
    expect([...groupsOf(three, "Args/lr").keys()]).toEqual(["lr = 1", "lr = 2"]);
  });
});

describe("asNumber", () => {
  it("takes no empty text for zero", () => {
    expect([asNumber(""), asNumber("1e-3"), asNumber("adam"), asNumber(2)]).toEqual([null, 0.001, null, 2]);
  });
});
