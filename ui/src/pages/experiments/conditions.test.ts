import { describe, expect, it } from "vitest";
import { layoutOf, saidOf, saidWidths, widthsOf } from "./columns";
import { chipsOf, type Condition, readConditions, requestOf, withCondition, writeConditions } from "./conditions";

const metrics = [{ metric: "loss", variant: "val", metric_hash: "m", variant_hash: "v" }];
const ALL: Condition[] = [
  { key: "param:Args/net.lr", kind: "range", low: "0.1", high: "1e-3" },
  { key: "min:loss/val", kind: "range", high: "-2" },
  { key: "param:Args/a=b~c", kind: "text", text: "x,y=100%" },
  { key: "@started", kind: "range", low: "2026-01-01T00:00:00.000Z" },
];

describe("conditions", () => {
  it("are read as they were written", () => expect(readConditions(writeConditions(ALL))).toEqual(ALL));
  it("that say nothing are none", () => expect(readConditions("a=..,b~,,c")).toEqual([]));
  it("are one for each column", () => expect(withCondition(ALL, "@started", null)).toEqual(ALL.slice(0, 3)));
  it("become what the server knows", () => {
    const where = writeConditions(ALL);
    expect(requestOf({ where, tag: "-a,b%2Cc", status: "failed,stopped" }, "1.5", metrics)).toEqual({
      status: ["failed", "stopped"],
      tags: ["__$all", "-a", "b,c"],
      _any_: { pattern: "1\\.5", fields: ["name", "id"] },
      type: ["__$not", "dataset", "__$not", "annotation_manual", "__$not", "report"],
      system_tags: ["-archived", "-dataset"],
      started: [">=2026-01-01T00:00:00.000Z"],
      "last_metrics.m.v.min_value": [null, -2],
      _all_: [
        { fields: ["hyperparams.Args.net%2Elr.value"], range: [0.1, 0.001] },
        { fields: ["hyperparams.Args.a=b~c.value"], pattern: "x,y=100%" },
      ],
    });
  });
  it("wait for the names of metrics, and fit nothing if there is no such metric", () => {
    expect(requestOf({ where: "other/val=1.." }, "", undefined)).toBeUndefined();
    expect(requestOf({ where: "other/val=1.." }, "", metrics)).toMatchObject({ id: ["none"] });
  });
  it("are told in words", () => {
    const chips = chipsOf({ status: "failed,stopped", where: "min:loss/val=..0.5,param:Args/opt~adam" }, (_, value) => value.toUpperCase());
    expect(chips.map(({ label, text }) => `${label}: ${text}`)).toEqual(["State: FAILED or STOPPED", "loss/val (min): up to 0.5", "opt: has “adam”"]);
    expect(chips[1]?.without).toEqual({ where: "param:Args/opt~adam" });
  });
});

describe("the layout", () => {
  it("of older addresses has its columns between the usual ones", () => {
    const layout = layoutOf("loss/val,param:Args/lr");
    expect(layout.slice(0, 5)).toEqual(["@name", "@status", "loss/val", "param:Args/lr", "@project"]);
    expect(saidOf(layout)).toBe("loss/val,param:Args/lr");
    expect(saidOf(layoutOf(undefined))).toBeUndefined();
  });
  it("of another order is written whole", () => {
    const layout = ["@name", "loss/val", "@changed"];
    expect(saidOf(layout)).toBe("@name,loss/val,@changed");
    expect(layoutOf("@name,loss/val,@changed,@nothing")).toEqual(layout);
  });
  it("has widths within reason", () => {
    expect([...widthsOf("@name:300,:monitor:gpu/a:20,x")]).toEqual([
      ["@name", 300],
      [":monitor:gpu/a", 60],
    ]);
    expect(saidWidths(new Map([["a", 99.6]]))).toBe("a:100");
  });
});
