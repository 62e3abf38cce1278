import { expect, it } from "vitest";
import { latestOf } from "./load";

const metric = (name: string, ...values: number[]) => ({ metric: name, dates: values.map((_, at) => at), stats: [{ variant: name, aggregation: "avg", values }] });

it("says how busy machines are by what they reported last", () => {
  const found = latestOf([
    { worker: "lab", metrics: [metric("cpu_usage", 10, 50), metric("gpu_usage", 90), metric("memory_used", 3), metric("memory_free", 9)] },
    { worker: "plain", metrics: [metric("cpu_usage", 0), metric("gpu_usage"), metric("memory_used", 0), metric("memory_free", 0)] },
  ]);
  expect([...found]).toEqual([
    ["lab", { cpu: 0.5, gpu: 0.9, memory: 0.25 }],
    ["plain", { cpu: 0 }],
  ]);
});
