import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Statistics, Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { bytes, count } from "@/components/format";
import { Found } from "@/components/states";
import "./shape.css";

/** What the files of a version are like: of which types, how large, and in which folders. */
export function Shape({ version }: { version: Version }) {
  const found = useQuery({
    queryKey: ["version", version.id, "statistics"],
    queryFn: ({ signal }) => call("contents.statistics", { version: version.id }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return <Found query={found}>{(statistics) => <Charts of={statistics} />}</Found>;
}

function Charts({ of }: { of: Statistics }) {
  const folders = of.folders.slice(0, 8);
  const sizes = of.sizes.map(({ below, files }, at) => ({ name: below === null ? `from ${bytes(of.sizes[at - 1]?.below)}` : `below ${bytes(below)}`, files }));
  const [first, last] = [sizes.findIndex(({ files }) => files), sizes.findLastIndex(({ files }) => files)];
  const most = Math.max(...sizes.map(({ files }) => files));
  return (
    <div className="shape">
      <section aria-labelledby="by-type">
        <h3 id="by-type">By type</h3>
        <ul className="shape-rows">
          {of.types.map(({ type, files, size_bytes }) => (
            <Bar key={type ?? "others"} name={type === null ? "others" : type === "" ? "no ending" : `.${type}`} part={files / of.seen} note={`${count(files)} · ${bytes(size_bytes)}`} {...(type ? { search: { tab: "contents", q: `*.${type}` } } : {})} />
          ))}
        </ul>
      </section>
      <section aria-labelledby="by-size">
        <h3 id="by-size">By size of the file</h3>
        <ul className="shape-rows">
          {sizes.slice(first, last + 1).map(({ name, files }) => (
            <Bar key={name} name={name} part={files / most} note={count(files)} />
          ))}
        </ul>
      </section>
      {folders.some(({ name }) => name !== null) ? (
        <section aria-labelledby="by-folder">
          <h3 id="by-folder">{of.folder ? `In ${of.folder}` : "By folder"}</h3>
          <ul className="shape-rows">
            {folders.map(({ name, files, size_bytes }) => (
              <Bar
                key={name ?? "others"}
                name={name ?? "beside them"}
                part={files / of.files}
                note={size_bytes === undefined ? count(files) : `${count(files)} · ${bytes(size_bytes)}`}
                {...(name === null ? {} : { search: { tab: "contents", folder: of.folder ? `${of.folder}/${name}` : name } })}
              />
            ))}
          </ul>
          {of.folders.length > folders.length ? <p className="small faint">{`and ${count(of.folders.length - folders.length)} more`}</p> : null}
        </section>
      ) : null}
      {of.seen < of.files ? <p className="small faint">{`Types and sizes are those of ${count(of.seen)} files, from everywhere in the version.`}</p> : null}
    </div>
  );
}

function Bar({ name, part, note, search }: { name: string; part: number; note: string; search?: Search }) {
  const inside = (
    <>
      <span className="shape-line">
        <span className="ellipsis grow">{name}</span>
        <span className="soft">{note}</span>
      </span>
      <span className="shape-track" aria-hidden>
        <span style={{ width: `${Math.max(1, part * 100)}%` }} />
      </span>
    </>
  );
  return (
    <li>
      {search ? (
        <Link to="." search={search} className="shape-row">
          {inside}
        </Link>
      ) : (
        <span className="shape-row">{inside}</span>
      )}
    </li>
  );
}
