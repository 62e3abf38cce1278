import { describe, expect, it } from "vitest";
import { fieldsOf, read, sortOf, titleOf, type Wanted, written } from "./columns";

describe("columns", () => {
  it("are read as they were written, whatever they are called", () => {
    const all: Wanted[] = [
      { kind: "last", name: "loss/val" },
      { kind: "min", name: "a,b/50%" },
      { kind: "param", section: "Args", name: "net/depth,x" },
      { kind: "last", name: "@map/50" },
    ];
    expect(all.map(written).join(",").split(",").map(read)).toEqual(all);
  });
  it("of older addresses are last values", () => {
    expect(read("loss/val")).toEqual({ kind: "last", name: "loss/val" });
    expect(titleOf(read("max:loss/val"))).toBe("loss/val (max)");
  });
  it("are sorted and fetched by the path that the server knows", () => {
    const metrics = [{ metric: "loss", variant: "val", metric_hash: "m", variant_hash: "v" }];
    expect(sortOf("min:loss/val", metrics)).toBe("last_metrics.m.v.min_value");
    expect(sortOf("min:other/val", metrics)).toBeUndefined();
    expect(sortOf("param:Args/net.lr", metrics)).toBe("hyperparams.Args.net%2Elr.value");
    expect(sortOf("@tags", metrics)).toBeUndefined();
    expect(fieldsOf(["@started", "max:loss/val", "param:Args/net.lr"], metrics).slice(-3)).toEqual(["started", "last_metrics.m.v", "hyperparams.Args.net%2Elr"]);
  });
});
