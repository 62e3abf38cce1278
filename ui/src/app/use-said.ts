import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Search } from "./router";

/** What stands behind the `?`, and how it is changed. */
export function useSaid(): [Search, (values: Search) => void] {
  const said = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = useCallback((values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace: true }), [navigate]);
  return [said, set];
}
