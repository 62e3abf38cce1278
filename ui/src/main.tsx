import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CallError } from "./api/client";
import { router } from "./app/router";
import { WithSession } from "./app/session";
import "./design/tokens.css";
import "./design/base.css";
import "./design/parts.css";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A server on this machine answers without a network too.
      networkMode: "always",
      // What was refused is refused again; a server that is away comes back.
      retry: (count, error) => error instanceof CallError && error.isAway && count < 20,
      retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
    },
    mutations: { networkMode: "always" },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <WithSession>
        <RouterProvider router={router} />
      </WithSession>
    </QueryClientProvider>
  </StrictMode>,
);
