import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Version } from "@/api/datasets";

interface Update {
  description?: string;
  add_tags?: string[];
  remove_tags?: string[];
}

/** Changes what is said of a version; its content is never changed. */
export function useUpdate(version: Version) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (update: Update) => call("versions.update", { id: version.id, ...update }),
    onSuccess: (now) => {
      client.setQueryData(["version", version.id], now);
      void client.invalidateQueries({ queryKey: ["versions"] });
    },
  });
}
