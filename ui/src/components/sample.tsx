import { fileUrl } from "@/api/client";
import type { ImageEvent } from "@/api/types";

/** One image, sound or film that a run reported; what could be code only opens apart. */
export function Sample({ event, name = event.variant }: { event: ImageEvent; name?: string }) {
  const url = fileUrl(event.url);
  const ending = event.url.split("?")[0]?.split(".").at(-1)?.toLowerCase() ?? "";
  return (
    <figure className="panel sample">
      {url === null ? (
        <p className="state soft small">It lies where this page can't read: {event.url}</p>
      ) : ["mp4", "webm", "ogv", "mov"].includes(ending) ? (
        <video controls preload="metadata" src={url} />
      ) : ["wav", "mp3", "ogg", "flac", "m4a"].includes(ending) ? (
        <audio controls preload="none" src={url} />
      ) : ["html", "txt", "json", "pdf"].includes(ending) ? (
        <a className="state link" href={url} target="_blank" rel="noreferrer">
          Open
        </a>
      ) : (
        <a href={url} target="_blank" rel="noreferrer">
          <img loading="lazy" src={url} alt={`${event.metric} / ${event.variant}, step ${event.iter}`} />
        </a>
      )}
      <figcaption className="small ellipsis" title={name}>
        {name}
      </figcaption>
    </figure>
  );
}
