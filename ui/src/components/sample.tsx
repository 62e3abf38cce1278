import { FileText, ImageOff } from "lucide-react";
import { useState } from "react";
import { fileUrl } from "@/api/client";
import type { ImageEvent } from "@/api/types";
import { TextStart } from "./text-start";
import "./sample.css";

const FILMS = ["mp4", "webm", "ogv", "mov"];
const SOUNDS = ["wav", "mp3", "ogg", "flac", "m4a"];
const TEXTS = ["txt", "md", "json", "csv", "log", "yaml", "yml"];
const APART = ["html", "htm", "xhtml", "xml", "pdf"];

function endingOf({ url }: ImageEvent): string {
  return url.split("?")[0]?.split(".").at(-1)?.toLowerCase() ?? "";
}

/** Whether a sample is a picture, which can be looked at closely. */
export function isPicture(event: ImageEvent): boolean {
  return ![...FILMS, ...SOUNDS, ...TEXTS, ...APART].includes(endingOf(event));
}

/** One image, sound or film that a run reported; what could be code only opens apart, where it can do nothing. */
export function Sample({ event, name = event.variant, onOpen }: { event: ImageEvent; name?: string; onOpen?: (() => void) | undefined }) {
  const url = fileUrl(event.url);
  return (
    <figure className="panel sample">
      {url === null ? <Note>It lies where this page can't read: {event.url}</Note> : <Shown key={url} event={event} url={url} onOpen={onOpen} />}
      <figcaption className="small ellipsis" title={name}>
        {name}
      </figcaption>
    </figure>
  );
}

function Shown({ event, url, onOpen }: { event: ImageEvent; url: string; onOpen: (() => void) | undefined }) {
  const [isBroken, setBroken] = useState(false);
  const ending = endingOf(event);
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
  if (TEXTS.includes(ending)) return <TextStart url={url} label={label} />;
  if (APART.includes(ending))
    return (
      <Note icon={<FileText size={20} aria-hidden />}>
        <a className="link" href={url} target="_blank" rel="noreferrer">
          Open the {ending} apart<span className="visually-hidden">: {label}</span>
        </a>
      </Note>
    );
  if (onOpen)
    return (
      <button type="button" className="sample-open" aria-label={`Look at ${label}`} onClick={onOpen}>
        <img loading="lazy" decoding="async" src={url} alt={label} onError={broken} />
      </button>
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
