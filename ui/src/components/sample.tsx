import { FileText, ImageOff } from "lucide-react";
import { useState } from "react";
import { fileUrl } from "@/api/client";
import type { ImageEvent } from "@/api/types";
import "./sample.css";

const FILMS = ["mp4", "webm", "ogv", "mov"];
const SOUNDS = ["wav", "mp3", "ogg", "flac", "m4a"];
const APART = ["html", "htm", "xhtml", "xml", "txt", "json", "pdf", "csv"];

/** One image, sound or film that a run reported; what could be code only opens apart, where it can do nothing. */
export function Sample({ event, name = event.variant }: { event: ImageEvent; name?: string }) {
  const url = fileUrl(event.url);
  return (
    <figure className="panel sample">
      {url === null ? <Note>It lies where this page can't read: {event.url}</Note> : <Shown key={url} event={event} url={url} />}
      <figcaption className="small ellipsis" title={name}>
        {name}
      </figcaption>
    </figure>
  );
}

function Shown({ event, url }: { event: ImageEvent; url: string }) {
  const [isBroken, setBroken] = useState(false);
  const ending = event.url.split("?")[0]?.split(".").at(-1)?.toLowerCase() ?? "";
  const label = `${event.metric} / ${event.variant}, step ${event.iter}`;
  const broken = () => setBroken(true);
  if (isBroken)
    return (
      <Note icon={<ImageOff size={20} aria-hidden />}>
        It can't be shown: the file is gone, or not what its name says.{" "}
        <a className="link" href={`${url}${url.includes("?") ? "&" : "?"}download`} download>
          Download
        </a>
      </Note>
    );
  if (FILMS.includes(ending)) return <video controls preload="metadata" src={url} aria-label={label} onError={broken} />;
  if (SOUNDS.includes(ending)) return <audio controls preload="metadata" src={url} aria-label={label} onError={broken} />;
  if (APART.includes(ending))
    return (
      <Note icon={<FileText size={20} aria-hidden />}>
        <a className="link" href={url} target="_blank" rel="noreferrer">
          Open the {ending} apart<span className="visually-hidden">: {label}</span>
        </a>
      </Note>
    );
  return (
    <a href={url} target="_blank" rel="noreferrer">
      <img loading="lazy" decoding="async" src={url} alt={label} onError={broken} />
    </a>
  );
}

function Note({ icon, children }: { icon?: React.ReactNode; children: React.ReactNode }) {
  return (
    <div className="sample-note soft small">
      {icon}
      <p>{children}</p>
    </div>
  );
}
