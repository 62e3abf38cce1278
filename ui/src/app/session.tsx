import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext } from "react";
import { BASE, call, CallError } from "@/api/client";
import type { Me } from "@/api/types";
import { Away, Busy } from "@/components/states";
import { SignIn } from "@/pages/sign-in";

const Session = createContext<Me | null>(null);

/** Who is signed in; only used below `WithSession`. */
export function useMe(): Me {
  const me = useContext(Session);
  if (me === null) throw new Error("nobody is signed in");
  return me;
}

/** Shows the page to whoever is signed in, and lets everybody else sign in. The address stays what it was. */
export function WithSession({ children }: { children: ReactNode }) {
  const found = useQuery({ queryKey: ["me"], queryFn: ({ signal }) => call("users.get_current_user", {}, signal), staleTime: 300_000, retry: false });
  if (found.error instanceof CallError && found.error.isSignedOut) return <SignIn onDone={() => void found.refetch()} />;
  if (found.error) return <Away error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Busy label="Signing in" />;
  return <Session value={found.data.user}>{children}</Session>;
}

/** Ends the session of this browser. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await fetch(`${BASE}/logout`, { method: "POST", headers: { "content-type": "application/json", "x-tilth-csrf": "1" }, body: "{}" });
    client.clear();
    await client.invalidateQueries();
  };
}
