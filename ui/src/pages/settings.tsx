import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { BASE, call } from "@/api/client";
import { useMe } from "@/app/session";
import { setTheme, type Theme, useTheme } from "@/app/theme";
import { tell } from "@/app/toasts";
import { Code, Facts, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { bytes, count } from "@/components/format";
import { Failed, Found } from "@/components/states";
import "./settings.css";

/** Who one is, the keys for scripts, who else may come in, and what this server is. */
export function Page() {
  const me = useMe();
  return (
    <div className="page narrow">
      <h1>Settings</h1>
      <Profile />
      <Keys />
      {me.server_role === "admin" ? <Accounts /> : null}
      {me.server_role === "admin" ? <Storage /> : null}
      <About />
    </div>
  );
}

function Profile() {
  const me = useMe();
  const theme = useTheme();
  const client = useQueryClient();
  const [said, setSaid] = useState("");
  const introduce = useMutation({
    mutationFn: (fields: { name: string; email: string }) => call("users.update", { user: me.id, ...fields }),
    onSuccess: ({ updated }) => {
      if (updated) tell("That is how others see you now.");
      return client.invalidateQueries({ queryKey: ["me"] });
    },
  });
  const change = useMutation({ mutationFn: (password: string) => call("auth.edit_user", { user: me.id, password }), onSuccess: () => setSaid("The password is changed.") });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    change.mutate(String(new FormData(form).get("password")), { onSuccess: () => form.reset() });
  }
  return (
    <section className="panel pad stack" aria-labelledby="profile">
      <h2 id="profile">You</h2>
      <Facts of={[["Role", me.server_role ?? me.role]]} />
      <form
        className="row wrap end"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          introduce.mutate({ name: String(form.get("name")), email: String(form.get("email")) });
        }}
      >
        <Field label="Name" name="name" autoComplete="name" defaultValue={me.name} maxLength={200} required />
        <Field label="E-mail" name="email" type="email" autoComplete="email" defaultValue={me.email ?? ""} maxLength={254} placeholder="none" />
        <Button type="submit" disabled={introduce.isPending}>
          Save
        </Button>
      </form>
      {introduce.error ? <Failed error={introduce.error} /> : null}
      <form className="row wrap end" onSubmit={submit}>
        <Field label="New password" name="password" type="password" autoComplete="new-password" minLength={8} required placeholder="at least 8 characters" />
        <Button type="submit" disabled={change.isPending}>
          Set the password
        </Button>
      </form>
      <p role="status" className="small soft">
        {said || "With a password you sign in without a link."}
      </p>
      {change.error ? <Failed error={change.error} /> : null}
      <fieldset className="row wrap choices">
        <legend>Theme</legend>
        {(["system", "light", "dark"] satisfies Theme[]).map((one) => (
          <label key={one} className="row">
            <input type="radio" name="theme" checked={theme === one} onChange={() => setTheme(one)} />
            {one}
          </label>
        ))}
      </fieldset>
    </section>
  );
}

function Keys() {
  const client = useQueryClient();
  const found = useQuery({ queryKey: ["keys"], queryFn: ({ signal }) => call("auth.get_credentials", {}, signal) });
  const again = () => client.invalidateQueries({ queryKey: ["keys"] });
  const make = useMutation({ mutationFn: (label: string) => call("auth.create_credentials", { label }), onSuccess: again });
  const revoke = useMutation({ mutationFn: (key: string) => call("auth.revoke_credentials", { access_key: key }), onSuccess: again });
  const [asked, setAsked] = useState<string | null>(null);
  const made = make.data?.credentials;
  const server = `${location.origin}${BASE}`;
  return (
    <section className="panel pad stack" aria-labelledby="keys">
      <h2 id="keys">Keys for scripts</h2>
      <p className="soft">A key lets scripts on other machines work with this server as you. Paste its block into <code>tilth init</code>, <code>clearml-init</code> or a <code>clearml.conf</code>.</p>
      <form
        className="row wrap end"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(String(new FormData(event.currentTarget).get("label") || "made in the browser"));
        }}
      >
        <Field label="What it is for" name="label" placeholder="the machine in the lab" maxLength={60} />
        <Button look="strong" type="submit" icon={<KeyRound />} disabled={make.isPending}>
          Make a key
        </Button>
      </form>
      {make.error ? <Failed error={make.error} /> : null}
      {made ? (
        <div className="stack" role="status">
          <p>
            <strong>Copy it now: its secret is shown this once.</strong>
          </p>
          <Code label="Copy the block">{`api {
  web_server: ${server}
  api_server: ${server}/api
  files_server: ${server}/files
  credentials {
    "access_key" = "${made.access_key}"
    "secret_key" = "${made.secret_key}"
  }
}`}</Code>
        </div>
      ) : null}
      <Found query={found}>
        {({ credentials }) => (
          <ul className="lines framed">
            {credentials.map((key) => (
              <li key={key.access_key} className="line">
                <span className="grow stack tight">
                  <span className="ellipsis strong">{key.label || "no label"}</span>
                  <code className="faint ellipsis">{key.access_key}</code>
                </span>
                <span className="soft small nowrap">{key.last_used ? <>used <TimeAgo at={key.last_used} /></> : "never used"}</span>
                {asked === key.access_key ? (
                  <Button look="danger" onClick={() => (revoke.mutate(key.access_key), setAsked(null))}>
                    Really revoke
                  </Button>
                ) : (
                  <Button look="quiet" icon={<Trash2 />} label={`Revoke ${key.label || key.access_key}`} onClick={() => setAsked(key.access_key)} />
                )}
              </li>
            ))}
          </ul>
        )}
      </Found>
      {revoke.error ? <Failed error={revoke.error} /> : null}
    </section>
  );
}

const ROLES = ["admin", "member", "viewer"];

function Accounts() {
  const me = useMe();
  const client = useQueryClient();
  const again = () => client.invalidateQueries({ queryKey: ["accounts"] });
  const found = useQuery({ queryKey: ["accounts"], queryFn: ({ signal }) => call("users.get_all_ex", {}, signal) });
  const add = useMutation({ mutationFn: (fields: { name: string; password: string; role: string }) => call("auth.create_user", fields), onSuccess: again });
  const edit = useMutation({ mutationFn: (fields: { user: string; role?: string; active?: boolean }) => call("auth.edit_user", fields), onSuccess: again });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    add.mutate({ name: String(fields.get("name")), password: String(fields.get("password")), role: String(fields.get("role")) }, { onSuccess: () => form.reset() });
  }
  return (
    <section className="panel pad stack" aria-labelledby="accounts">
      <h2 id="accounts">People</h2>
      <Found query={found}>
        {({ users }) => (
          <ul className="lines framed">
            {users.map((user) => (
              <li key={user.id} className="line">
                <span className="grow stack tight">
                  <span className="ellipsis strong">{user.name}</span>
                  <span className="faint small">
                    {user.active ? <>signed in <TimeAgo at={user.last_login} /></> : "may not come in"}
                  </span>
                </span>
                <select className="input quiet" aria-label={`Role of ${user.name}`} value={user.role} disabled={user.id === me.id} onChange={(event) => edit.mutate({ user: user.id, role: event.target.value })}>
                  {ROLES.map((role) => (
                    <option key={role}>{role}</option>
                  ))}
                </select>
                <Button disabled={user.id === me.id} onClick={() => edit.mutate({ user: user.id, active: !user.active })}>
                  {user.active ? "Shut out" : "Let in"}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Found>
      {edit.error ? <Failed error={edit.error} /> : null}
      <form className="row wrap end" onSubmit={submit}>
        <Field label="Name" name="name" autoComplete="off" required maxLength={100} />
        <Field label="First password" name="password" type="password" autoComplete="new-password" required minLength={8} />
        <div className="field">
          <label htmlFor="new-role">Role</label>
          <select id="new-role" name="role" className="input" defaultValue="member">
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        </div>
        <Button type="submit" disabled={add.isPending}>
          Add a person
        </Button>
      </form>
      {add.error ? <Failed error={add.error} /> : null}
    </section>
  );
}

/** Where files lie, and how much there is. */
function Storage() {
  const found = useQuery({ queryKey: ["server", "stats"], queryFn: ({ signal }) => call("server.get_stats", {}, signal) });
  return (
    <section className="panel pad stack" aria-labelledby="storage">
      <h2 id="storage">Storage</h2>
      <Found query={found}>
        {({ storage: { place, files, versions } }) => (
          <Facts
            of={[
              ["Files lie in", <code key="place">{place || "–"}</code>],
              ["Files of runs", `${count(files.count)}, ${bytes(files.size_bytes)}`],
              ["Versions of datasets", `${count(versions.count)}, listing ${bytes(versions.size_bytes)}`],
            ]}
          />
        )}
      </Found>
      <p className="soft small">What several versions have in common lies there once. A bucket, or another folder, is named when the server starts, with <code>tilth up --storage</code>.</p>
    </section>
  );
}

function About() {
  const found = useQuery({ queryKey: ["server"], queryFn: ({ signal }) => call("server.info", {}, signal), staleTime: Number.POSITIVE_INFINITY });
  return (
    <section className="panel pad stack" aria-labelledby="about">
      <h2 id="about">About</h2>
      <Found query={found}>
        {(info) => (
          <Facts
            of={[
              ["Tilth", info.version ?? "–"],
              ["Speaks ClearML's API", info.api_version ?? "–"],
              ["Address", `${location.origin}${BASE}`],
              ["Description of every call", <a key="api" className="link" href={`${BASE}/openapi.json`}>openapi.json</a>],
            ]}
          />
        )}
      </Found>
    </section>
  );
}
