import { useQuery } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { type Metric, type Wanted, written } from "./columns";

const LOOKED_AT = 300;

/** The metrics that runs reported; they are looked up only for whoever needs them. */
export function useMetrics(project: string | undefined, isNeeded: boolean) {
  const single = project && !project.includes(",") ? { project } : {};
  return useQuery({
    queryKey: ["metrics", project ?? ""],
    queryFn: ({ signal }) => call("projects.get_unique_metric_variants", { ...single, include_subprojects: true }, signal),
    enabled: isNeeded,
    staleTime: 60_000,
  });
}

/** The metrics and parameters that can be columns: of one project all, of all projects those of the newest runs that fit. */
export function useFound(project: string | undefined, request: Record<string, unknown>, isNeeded: boolean) {
  const single = project && !project.includes(",") ? project : undefined;
  const metrics = useMetrics(project, isNeeded);
  const parameters = useQuery({
    queryKey: ["parameters", single ?? request],
    enabled: isNeeded,
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      if (single) return (await call("projects.get_hyper_parameters", { project: single, include_subprojects: true, page: 0, page_size: 5_000 }, signal)).parameters;
      const { tasks } = await call("tasks.get_all_ex", { ...request, only_fields: ["hyperparams"], order_by: ["-last_update"], page: 0, page_size: LOOKED_AT }, signal);
      return seenIn(tasks);
    },
  });
  const ofMetrics = (metrics.data?.metrics ?? []).flatMap(({ metric, variant }: Metric) => (["last", "min", "max"] as const).map((kind): Wanted => ({ kind, name: `${metric}/${variant}` })));
  const ofParameters = (parameters.data ?? []).map(({ section, name }): Wanted => ({ kind: "param", section, name }));
  const groups: [string, string[]][] = [
    ["Metrics", ofMetrics.map(written)],
    ["Parameters", ofParameters.map(written)],
  ];
  const isThere = metrics.data !== undefined && parameters.data !== undefined;
  return {
    groups: groups.filter(([, keys]) => keys.length),
    query: { data: isThere ? [...ofMetrics, ...ofParameters] : undefined, error: metrics.error ?? parameters.error, refetch: () => Promise.all([metrics.refetch(), parameters.refetch()]) },
  };
}

/** The parameters that some runs have. */
function seenIn(tasks: readonly Task[]): { section: string; name: string }[] {
  const found = new Map<string, { section: string; name: string }>();
  for (const { hyperparams } of tasks) for (const [section, items] of Object.entries(hyperparams ?? {})) for (const { name } of Object.values(items)) found.set(`${section}/${name}`, { section, name });
  return [...found.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([, parameter]) => parameter);
}
