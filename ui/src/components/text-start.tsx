import { useQuery } from "@tanstack/react-query";

const MOST = 8_192;

/** The beginning of a text that somebody wrote, as nothing but text. */
export function TextStart({ url, label }: { url: string; label: string }) {
  const found = useQuery({
    queryKey: ["text", url],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }) => {
      const answer = await fetch(url, { headers: { range: `bytes=0-${MOST - 1}` }, signal });
      if (!answer.ok) throw new Error(`the server answered with status ${answer.status}`);
      return (await answer.text()).slice(0, MOST);
    },
  });
  return (
    <div className="text-start">
      <pre tabIndex={0} role="region" aria-label={label}>
        {found.data ?? (found.error ? `It can't be read: ${found.error.message}` : "")}
      </pre>
      <a className="link small" href={url} target="_blank" rel="noreferrer">
        Open the whole<span className="visually-hidden">: {label}</span>
      </a>
    </div>
  );
}
