import { describe, expect, it } from "vitest";
import { layoutOf, parsed, tracesOf } from "./figures";

describe("parsed", () => {
  it("reads a table column by column, without Plotly's marks", () => {
    const text = JSON.stringify({ data: [{ type: "table", header: { values: ["<b>file</b>", ["score"]] }, cells: { values: [["a", "b"], [1, null]] } }] });
    expect(parsed(text)).toEqual({ kind: "table", header: ["file", "score"], rows: [["a", "1"], ["b", ""]] });
  });
  it("says of what is no figure why it is none", () => {
    const kinds = ["no json", "5", "[]", '{"data": 5}', '{"data": ["x"]}', "{}", '{"data": []}'].map((text) => parsed(text).kind);
    expect(kinds).toEqual(Array.from({ length: 7 }, () => "broken"));
  });
  it("takes figures of several traces, and such of pictures alone", () => {
    expect(parsed('{"data": [{"type": "table"}, {"type": "bar"}]}').kind).toBe("figure");
    expect(parsed('{"data": [], "layout": {"images": [{}]}}').kind).toBe("figure");
  });
});

describe("tracesOf", () => {
  it("writes the values of a small matrix into it, and not those of a large one", () => {
    const large = Array.from({ length: 40 }, () => Array.from({ length: 40 }, () => 1));
    expect(tracesOf([{ type: "heatmap", z: [[1, 2]] }], {}, false)[0]?.texttemplate).toBe("%{z}");
    expect(tracesOf([{ type: "heatmap", z: large }], {}, false)[0]?.texttemplate).toBeUndefined();
    expect(tracesOf([{ type: "heatmap", z: [[1]], texttemplate: "%{text}" }], {}, false)[0]?.texttemplate).toBe("%{text}");
  });
  it("colours what has no colours of its own as the page does", () => {
    expect(tracesOf([{ type: "heatmap", z: [[1]], colorscale: "Blues", reversescale: true }], {}, true)[0]).toMatchObject({ reversescale: false });
    expect(tracesOf([{ type: "heatmap", z: [[1]], colorscale: "Jet" }], {}, true)[0]?.colorscale).toBe("Jet");
  });
});

describe("layoutOf", () => {
  it("keeps what was said of an axis, and gives it the colours of the page", () => {
    const layout = layoutOf({ xaxis: { title: "recall", range: [0, 1], tickfont: { color: "white", size: 9 } }, width: 9_999, paper_bgcolor: "white" }, true, 300);
    expect(layout.xaxis).toMatchObject({ range: [0, 1], title: { text: "recall" }, tickfont: { color: "#d8d5cb", size: 9 } });
    expect([layout.width, layout.paper_bgcolor, layout.height]).toEqual([undefined, "transparent", 300]);
  });
});
