import { queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Version } from "@/api/datasets";

/** All versions of the dataset that a version belongs to, and what they descend from. Asked for by the id, which stays when a dataset is renamed. */
export function lineageOf(version: Version) {
  return queryOptions({
    queryKey: ["versions", "lineage", version.id],
    queryFn: ({ signal }) => call("versions.lineage", { id: version.id, whole: true }, signal),
  });
}
