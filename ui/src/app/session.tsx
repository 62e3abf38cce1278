import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Dialog } from "radix-ui";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import { BASE, call, CallError, whenSignedOut } from "@/api/client";
import type { Me } from "@/api/types";
import { Away, Busy } from "@/components/states";
import { focusThePage } from "@/components/focus";
import { SignIn, SignInForm } from "@/pages/sign-in";
import { forget } from "./recent";
import "@/components/dialog.css";

const Session = createContext<{ me: Me; isOver: boolean } | null>(null);

function useSession() {
  const session = useContext(Session);
  if (session === null) throw new Error("nobody is signed in");
  return session;
}

/** Who is signed in; only used below `WithSession`. */
export function useMe(): Me {
  return useSession().me;
}

/** Whether the session ended meanwhile, so that the server answers nothing until somebody signs in again. */
export function useIsOver(): boolean {
  return useSession().isOver;
}

/**
 * Shows the page to whoever is signed in, and lets everybody else sign in. The address stays what it was. A session that ends
 * while somebody works is asked for in front of the page, and what they wrote stays behind it.
 */
export function WithSession({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const found = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => call("users.get_current_user", {}, signal),
    staleTime: 300_000,
    retry: false,
    // Whoever signs in in another tab is seen when this one is looked at; a server that is away is asked again.
    refetchOnWindowFocus: (query) => query.state.error !== null,
    refetchInterval: ({ state }) => (state.error instanceof CallError && state.error.isAway ? 3_000 : false),
  });
  const me = found.data?.user;
  const isOver = found.error instanceof CallError && found.error.isSignedOut;
  useEffect(() => whenSignedOut(() => (client.getQueryState(["me"])?.error ? undefined : void client.invalidateQueries({ queryKey: ["me"] }, { cancelRefetch: false }))), [client]);
  useBack(me?.id, isOver);
  const session = useMemo(() => (me ? { me, isOver } : null), [me, isOver]);
  if (session !== null)
    return (
      <Session value={session}>
        {children}
        {isOver ? <SignInAgain name={session.me.name} onDone={() => void found.refetch()} /> : null}
      </Session>
    );
  if (isOver) return <SignIn onDone={() => void found.refetch()} />;
  if (found.error) return <Away error={found.error} onRetry={() => void found.refetch()} />;
  return <Busy label="Signing in" />;
}

/** When somebody is signed in again, what was refused meanwhile is asked for; another person gets a page of their own. */
function useBack(id: string | undefined, isOver: boolean): void {
  const client = useQueryClient();
  const before = useRef<{ id: string | undefined; isOver: boolean }>({ id, isOver });
  useEffect(() => {
    const { id: was, isOver: wasOver } = before.current;
    before.current = { id, isOver };
    if (was !== undefined && id !== was) location.reload();
    else if (wasOver && !isOver && id !== undefined) void client.invalidateQueries({ predicate: ({ queryKey: [what] }) => what !== "me" });
  }, [client, id, isOver]);
}

function SignInAgain({ name, onDone }: { name: string; onDone: () => void }) {
  return (
    <Dialog.Root open>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil above" />
        <Dialog.Content
          className="dialog above"
          aria-describedby={undefined}
          onCloseAutoFocus={focusThePage}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            if (event.target instanceof HTMLElement) event.target.querySelector<HTMLInputElement>("input[type=password]")?.focus();
          }}
        >
          <div className="stack">
            <Dialog.Title>Sign in again</Dialog.Title>
            <p className="soft">Your session has ended. What you see, and what you wrote, stays as it is.</p>
            <SignInForm name={name} isApart onDone={onDone} />
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Ends the session of this browser. The page begins anew, so that nothing of whoever was here stays in it. */
export function useSignOut(): () => Promise<void> {
  return async () => {
    await fetch(`${BASE}/logout`, { method: "POST", headers: { "content-type": "application/json", "x-tilth-csrf": "1" }, body: "{}" });
    forget();
    location.assign(`${BASE}/`);
  };
}
