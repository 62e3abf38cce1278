const base = location.href.replace(/[?#].*$/, "").replace(/\/$/, "");
const find = (id) => document.getElementById(id);

async function send(path, body) {
  const answer = await fetch(base + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-tilth-csrf": "1" },
    body: JSON.stringify(body ?? {}),
  });
  return { status: answer.status, body: await answer.json().catch(() => ({})) };
}

function showSignIn(said) {
  find("signed-in").hidden = true;
  find("sign-in").hidden = false;
  find("said").textContent = said ?? "";
  showProviders();
}

async function showProviders() {
  const modes = await send("/api/login.supported_modes");
  const providers = modes.body.data?.sso_providers ?? [];
  find("providers").hidden = providers.length === 0;
  find("providers").replaceChildren(
    ...providers.map(({ name, url }) => {
      const link = document.createElement("a");
      link.className = "button";
      link.href = url;
      link.textContent = `Sign in with ${name}`;
      return link;
    }),
  );
}

async function show() {
  const me = await send("/api/users.get_current_user");
  if (me.status !== 200) {
    const said = new URLSearchParams(location.search).get("said");
    const words = {
      used: "The link was used already, or is older than 15 minutes.",
      wait: "Too many tries; wait a few minutes.",
      again: "Signing in did not work; please try once more.",
      denied: "You may not sign in here; ask an administrator.",
      provider: "The service that you sign in with can't be reached; try again later.",
    };
    return showSignIn(words[said]);
  }
  find("sign-in").hidden = true;
  find("signed-in").hidden = false;
  find("who").textContent = me.body.data.user.name;
  const counted = await send("/api/organization.get_entities_count", { projects: {}, tasks: {}, models: {}, dataset_versions: {} });
  const names = { projects: "Projects", tasks: "Tasks", models: "Models", dataset_versions: "Dataset versions" };
  find("counts").replaceChildren(
    ...Object.entries(names).map(([key, label]) => {
      const box = document.createElement("div");
      const term = document.createElement("dt");
      const count = document.createElement("dd");
      term.textContent = label;
      count.textContent = (counted.body.data[key] ?? 0).toLocaleString("en");
      box.append(term, count);
      return box;
    }),
  );
}

find("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(event.target);
  const answer = await send("/login", { name: fields.get("name"), password: fields.get("password") });
  if (answer.status === 200) return show();
  showSignIn([answer.body.msg, answer.body.hint].filter(Boolean).join("; "));
});

find("sign-out").addEventListener("click", async () => {
  await send("/logout");
  showSignIn();
});

find("make").addEventListener("click", async () => {
  const answer = await send("/api/auth.create_credentials", { label: "made in the browser" });
  const { access_key, secret_key } = answer.body.data.credentials;
  find("block").hidden = false;
  find("block").textContent = `api {
  web_server: ${base}
  api_server: ${base}/api
  files_server: ${base}/files
  credentials {
    "access_key" = "${access_key}"
    "secret_key" = "${secret_key}"
  }
}`;
});

show();
