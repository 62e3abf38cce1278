import { Link } from "@tanstack/react-router";
import { Download, ExternalLink, Package } from "lucide-react";
import { useState } from "react";
import { fileUrl } from "@/api/client";
import type { Artifact, Model, Task, TaskModel } from "@/api/types";
import { CopyButton } from "@/components/bits";
import { bytes } from "@/components/format";
import { Empty } from "@/components/states";

/** What a run kept: models that went in and came out, and artifacts. */
export default function Artifacts({ task }: { task: Task }) {
  const artifacts = task.execution?.artifacts ?? [];
  const models: [string, TaskModel[]][] = [
    ["Models that came out", task.models?.output ?? []],
    ["Models that went in", task.models?.input ?? []],
  ];
  if (!artifacts.length && models.every(([, found]) => !found.length))
    return (
      <Empty title="No artifacts and no models" icon={<Package size={24} aria-hidden />}>
        What the script uploads, and models that frameworks save, appear here.
      </Empty>
    );
  return (
    <div className="stack">
      {models.map(([title, found]) =>
        found.length ? (
          <section key={title} className="panel">
            <h2 className="section-head">{title}</h2>
            <ul className="lines">
              {found.map((one, at) => (
                <ModelLine key={`${one.name}-${at}`} of={one} />
              ))}
            </ul>
          </section>
        ) : null,
      )}
      {artifacts.map((artifact) => (
        <ArtifactPanel key={`${artifact.key}-${artifact.mode}`} artifact={artifact} />
      ))}
    </div>
  );
}

function ModelLine({ of }: { of: TaskModel }) {
  const model: Model | null = typeof of.model === "object" ? of.model : null;
  const id = model?.id ?? String(of.model);
  const url = fileUrl(model?.uri);
  return (
    <li className="line">
      <Link to="/models/$id" params={{ id }} className="grow ellipsis strong">
        {model?.name ?? of.name}
      </Link>
      <span className="soft small">{model?.framework}</span>
      <CopyButton text={id} label="Copy the id" />
      {url ? (
        <a className="button quiet icon-only" href={url} download aria-label={`Download ${of.name}`}>
          <Download aria-hidden />
        </a>
      ) : null}
    </li>
  );
}

const IMAGES = /\.(png|jpe?g|gif|webp|avif|bmp|svg)$/i;
/** What a browser can show by itself. It opens apart, under rules that let it reach nothing here. */
const APART = /\.(png|jpe?g|gif|webp|avif|bmp|svg|html?|pdf|txt|json|csv)$/i;

function ArtifactPanel({ artifact }: { artifact: Artifact }) {
  const url = fileUrl(artifact.uri);
  const path = url?.split("?")[0] ?? "";
  const [isBroken, setBroken] = useState(false);
  return (
    <section className="panel">
      <div className="row section-head">
        <h2 className="grow ellipsis">{artifact.key}</h2>
        <span className="soft small nowrap">{artifact.type}</span>
        <span className="soft small nowrap">{bytes(artifact.content_size)}</span>
        {artifact.uri ? <CopyButton text={artifact.uri} label="Copy the address" /> : null}
        {url && APART.test(path) ? (
          <a className="button quiet icon-only" href={url} target="_blank" rel="noreferrer" aria-label={`Open ${artifact.key} apart`} title="Open apart">
            <ExternalLink aria-hidden />
          </a>
        ) : null}
        {url ? (
          <a className="button quiet icon-only" href={url} download aria-label={`Download ${artifact.key}`} title="Download">
            <Download aria-hidden />
          </a>
        ) : null}
      </div>
      {url && IMAGES.test(path) && !isBroken ? <img className="artifact-image" loading="lazy" decoding="async" src={url} alt={artifact.key} onError={() => setBroken(true)} /> : null}
      {artifact.type_data?.preview ? (
        <pre className="diff" tabIndex={0}>
          <span>{artifact.type_data.preview}</span>
        </pre>
      ) : null}
    </section>
  );
}
