import { Download, Package } from "lucide-react";
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
      <span className="grow ellipsis strong">
        {model?.name ?? of.name}
      </span>
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

function ArtifactPanel({ artifact }: { artifact: Artifact }) {
  const url = fileUrl(artifact.uri);
  return (
    <section className="panel">
      <div className="row section-head">
        <h2 className="grow ellipsis">{artifact.key}</h2>
        <span className="soft small nowrap">{artifact.type}</span>
        <span className="soft small nowrap">{bytes(artifact.content_size)}</span>
        {artifact.uri ? <CopyButton text={artifact.uri} label="Copy the address" /> : null}
        {url ? (
          <a className="button quiet icon-only" href={url} download aria-label={`Download ${artifact.key}`}>
            <Download aria-hidden />
          </a>
        ) : null}
      </div>
      {artifact.type_data?.preview ? (
        <pre className="diff" tabIndex={0}>
          <span>{artifact.type_data.preview}</span>
        </pre>
      ) : null}
    </section>
  );
}
