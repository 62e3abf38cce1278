import { BASE } from "@/api/client";

/** Keep a picture on the server, beside the report that shows it; returns its address. */
export async function keepPicture(report: string, file: File): Promise<string> {
  const name = file.name.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "") || "picture";
  const path = `reports/report.${report}/${Date.now().toString(36)}-${name}`;
  const form = new FormData();
  form.append(path, file, name);
  const answer = await fetch(`${BASE}/files`, { method: "POST", headers: { "x-tilth-csrf": "1" }, body: form });
  if (!answer.ok) {
    const said = (await answer.json().catch(() => null)) as { msg?: string } | null;
    throw new Error(said?.msg ?? `The server answered with status ${answer.status}`);
  }
  return `${location.origin}${BASE}/files/${path}`;
}

/** The pictures among what was pasted or dropped. */
export function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
}
