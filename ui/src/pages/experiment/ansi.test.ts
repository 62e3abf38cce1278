import { describe, expect, it } from "vitest";
import { marked, spans } from "./ansi";

const text = (line: string) => spans(line).map((span) => span.text);

describe("spans", () => {
  it("keeps a plain line whole", () => expect(text("plain <b>text</b>")).toEqual(["plain <b>text</b>"]));
  it("takes colours out of the text", () => {
    const [red, rest] = spans("\u001b[1;31mred\u001b[0m rest");
    expect(red?.text).toBe("red");
    expect(red?.style).toEqual({ fontWeight: 700, color: "var(--bad)" });
    expect(rest).toEqual({ text: " rest", style: {} });
  });
  it("forgets what moves the cursor", () => expect(text("a\u001b[2K\u001b[1Gb")).toEqual(["a", "b"]));
  it("skips the numbers of colours that no theme knows", () => expect(spans("\u001b[38;2;1;2;3mx")[0]?.style).toEqual({}));
  it("shows the last state of a line that was drawn over and over", () => expect(text("10%\r20%\r30%\r")).toEqual(["30%"]));
});

describe("marked", () => {
  const found = (line: string, wanted: string, isExact = false) => marked(spans(line), wanted, isExact).map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)).join("");
  it("marks each place", () => expect(found("aba Ab", "ab")).toBe("[ab]a [Ab]"));
  it("heeds the case if it matters", () => expect(found("ab Ab", "ab", true)).toBe("[ab] Ab"));
  it("reaches over colours", () => expect(found("lo\u001b[31mss=\u001b[0m1", "loss=1")).toBe("[lo][ss=][1]"));
  it("leaves the rest as it is", () => expect(marked(spans("x"), "", false)).toEqual([{ text: "x", style: {} }]));
});
