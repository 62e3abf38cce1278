import { beforeAll, expect, test, vi } from "vitest";
import { type Embed, embedOfWidget, readEmbed, sourceOfFrame, writeEmbed } from "./embed";

beforeAll(() => vi.stubGlobal("location", { origin: "http://here" }));

const inside = (block: string) => block.replace(/^```tilth\n/, "").replace(/\n```$/, "");

test("what is written is read again, whatever names hold", () => {
  const asked = { show: "scalars" as const, runs: ["a", "b"], metric: "loss: all", variants: ["x, y", " space ", '"quoted"', "a\n```\nb", "`"], title: "<b>Both</b>", x: "iso_time", smooth: "0.5", log: true };
  const block = writeEmbed(asked);
  expect(block.match(/`/g)).toHaveLength(6);
  expect(readEmbed(inside(block))).toMatchObject(asked);
});

test("the last runs of a project can be asked for", () => {
  expect(readEmbed("show: table\nproject: Team/Pets\ntag: good\nlast: 500\ncolumn: loss / val")).toMatchObject({ show: "table", runs: [], project: "Team/Pets", tags: ["good"], last: 100, columns: ["loss / val"] });
});

test.each([
  ["what is this", "is no “name: value”"],
  ["show: all", "none of scalars, plot"],
  ["run: a", "does not say what to show"],
  ["show: table", "no run, project or tag"],
  ["show: plot\nrun: a", "no metric"],
  ["show: table\nrun: a\ncolour: red", "“colour” is none of"],
  [`show: table\n${Array.from({ length: 101 }, (_, at) => `run: r${at}`).join("\n")}`, "101 runs"],
])("a block that can't be shown says why: %s", (text, why) => {
  expect(readEmbed(text)).toContain(why);
});

test("widgets of ClearML's page are read by their addresses", () => {
  const one = embedOfWidget("https://app.clear.ml/widgets/?type=scalar&objectType=task&xaxis=iter&objects=a&objects=b&metrics=loss&variants=train,val&company=c") as Embed;
  expect(one).toMatchObject({ show: "scalars", runs: ["a", "b"], metric: "loss", variants: ["train", "val"], x: "iter" });
  expect(embedOfWidget("/widgets?type=plot&tasks=a,b&metrics=m")).toMatchObject({ show: "plot", runs: ["a", "b"], metric: "m", variants: [] });
  expect(embedOfWidget("/widgets/?type=single&objects=a")).toMatchObject({ show: "values", runs: ["a"] });
  for (const other of ["/widgets/?type=scalar&project=p&metrics=m", "/widgets/?type=scalar&objects=a", "/widgets/?type=parcoords&objects=a&metrics=m", "/other?type=scalar&objects=a&metrics=m", "http://[", "/widgets/?type=plot&objectType=model&objects=a&metrics=m"])
    expect(embedOfWidget(other)).toBeNull();
});

test("frames are told from other markup", () => {
  expect(sourceOfFrame(`<iframe\n  name="x" src="https://a/widgets/?type=plot&amp;objects=1"\n width="100%"></iframe>\n`)).toBe("https://a/widgets/?type=plot&objects=1");
  expect(sourceOfFrame("<iframe src='/b'>")).toBe("/b");
  for (const other of ["<b>x</b>", "<iframe>", '<iframe src="a"></iframe><script>x</script>', "text"]) expect(sourceOfFrame(other)).toBeNull();
});
