import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, redirect } from "@tanstack/react-router";
import { BASE } from "@/api/client";
import { Empty, Failed } from "@/components/states";
import { Shell } from "./shell";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty title="There is no such page" isPage>
      The address leads nowhere.{" "}
      <Link to="/" className="link">
        Home
      </Link>{" "}
      leads on.
    </Empty>
  ),
  errorComponent: ({ error, reset }) => <Failed error={error} onRetry={reset} />,
});

/** What stands behind the `?` is text; each page knows how it reads its own. */
export type Search = Record<string, string | undefined>;

function readSearch(found: Record<string, unknown>): Search {
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, value === undefined ? undefined : String(value)]));
}

const at = <Path extends string>(path: Path, load: () => Promise<{ Page: React.ComponentType }>) =>
  createRoute({ getParentRoute: () => root, path, validateSearch: readSearch, component: lazyRouteComponent(load, "Page") });

const routes = [
  at("/", () => import("@/pages/home")),
  at("/datasets", () => import("@/pages/datasets")),
  at("/datasets/new", () => import("@/pages/dataset-new")),
  at("/datasets/$id", () => import("@/pages/dataset")),
  at("/experiments", () => import("@/pages/experiments")),
  at("/compare", () => import("@/pages/compare")),
  at("/experiments/$id", () => import("@/pages/experiment")),
  at("/projects", () => import("@/pages/projects")),
  at("/pipelines", () => import("@/pages/pipelines")),
  at("/pipelines/$id", () => import("@/pages/pipeline")),
  at("/pipelines/$id/experiments/$run", () => import("@/pages/pipeline-run")),
  at("/models", () => import("@/pages/models")),
  at("/models/$id", () => import("@/pages/model")),
  at("/reports", () => import("@/pages/reports")),
  at("/reports/$id", () => import("@/pages/report")),
  at("/queues", () => import("@/pages/queues")),
  at("/settings", () => import("@/pages/settings")),
];

/** Addresses that ClearML's clients print for what they made, and what is seen there. */
const PRINTED = [
  ["/projects/$project/experiments/$id", "/experiments/$id"],
  ["/projects/$project/experiments/$id/$", "/experiments/$id"],
  ["/projects/$project/tasks/$id", "/experiments/$id"],
  ["/projects/$project/tasks/$id/$", "/experiments/$id"],
  ["/projects/$project/models/$id/$", "/models/$id"],
  ["/datasets/simple/$project/experiments/$id", "/datasets/$id"],
] as const;

const printed = PRINTED.map(([path, to]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: ({ params }) => {
      const { id = "", _splat: part = "" } = params as { id?: string; _splat?: string };
      throw redirect({ to, params: { id }, search: part.endsWith("output/log") ? { tab: "console" } : {}, replace: true });
    },
  }),
);

export const router = createRouter({
  routeTree: root.addChildren([...routes, ...printed]),
  basepath: BASE || "/",
  defaultPreload: "intent",
  scrollRestoration: true,
  // Plain texts, as a person would write them: no quotes around numbers.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const said = new URLSearchParams(Object.entries(search as Search).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value]])));
    const text = said.toString();
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
