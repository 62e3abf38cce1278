import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { BASE, call } from "@/api/client";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { Mark } from "@/components/mark";
import "./sign-in.css";

const SAID: Record<string, string> = {
  used: "The link was used already, or is older than 15 minutes.",
  wait: "Too many tries; wait a few minutes.",
  again: "Signing in did not work; please try once more.",
  denied: "You may not sign in here; ask an administrator.",
  provider: "The service that you sign in with can't be reached; try again later.",
};

/** Where people say who they are. */
export function SignIn({ onDone }: { onDone: () => void }) {
  return (
    <main className="sign-in">
      <div className="sign-in-box panel">
        <div className="row">
          <Mark size={32} />
          <h1>Sign in to Tilth</h1>
        </div>
        <SignInForm onDone={onDone} />
      </div>
    </main>
  );
}

/** A name and a password, or another service that knows who one is. `isApart`: that service opens beside the page, which stays. */
export function SignInForm({ onDone, name, isApart = false }: { onDone: () => void; name?: string; isApart?: boolean }) {
  const [said, setSaid] = useState(SAID[new URLSearchParams(location.search).get("said") ?? ""] ?? "");
  const [busy, setBusy] = useState(false);
  const modes = useQuery({ queryKey: ["modes"], queryFn: ({ signal }) => call("login.supported_modes", {}, signal), retry: false });

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    const answer = await fetch(`${BASE}/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-tilth-csrf": "1" },
      body: JSON.stringify({ name: fields.get("name"), password: fields.get("password") }),
    }).catch(() => null);
    setBusy(false);
    if (answer?.ok) return onDone();
    const body = (await answer?.json().catch(() => null)) as { msg?: string; hint?: string } | null;
    setSaid([body?.msg, body?.hint].filter(Boolean).join("; ") || "The server does not answer.");
  }

  return (
    <>
      <p role="status" className="sign-in-said">
        {said}
      </p>
      <form onSubmit={(event) => void signIn(event)} className="stack">
        <Field label="Name" name="name" autoComplete="username" required defaultValue={name} autoFocus={!name} />
        <Field label="Password" name="password" type="password" autoComplete="current-password" required />
        <Button look="strong" type="submit" disabled={busy}>
          Sign in
        </Button>
      </form>
      {modes.data?.sso_providers?.map(({ name: provider, url }) => (
        <a key={provider} className="button" href={url} {...(isApart ? { target: "_blank", rel: "noreferrer" } : {})}>
          Sign in with {provider}
        </a>
      ))}
      <p className="soft small">
        No password yet? <code>tilth link</code> on the server prints a link that signs in once.
      </p>
    </>
  );
}
