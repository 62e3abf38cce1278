import { describe, expect, it } from "vitest";
import { csv } from "./save";

describe("csv", () => {
  it("quotes what has commas, quotes and lines", () => {
    expect(csv([["a,b", 'say "x"', "two\nlines", 1, null]])).toBe('"a,b","say ""x""","two\nlines",1,');
  });
  it("keeps a formula a text, and a number a number", () => {
    expect(csv([["=1+1", "-0.5", "-x"]])).toBe("'=1+1,-0.5,'-x");
  });
});
