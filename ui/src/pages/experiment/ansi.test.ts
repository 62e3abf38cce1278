import { describe, expect, it } from "vitest";
import { spans } from "./ansi";

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
});
