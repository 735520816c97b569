/** Reads the case folders (see tests/cases/README.md) and carries out their steps. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { Manifest } from '../oracle/manifest.ts';
import { grid, gridPods, gridPorts } from './grid.ts';

export interface Edit {
  readonly object: string;
  readonly set?: string;
  readonly insert?: string;
  readonly remove?: string;
  readonly swap?: readonly [string, string];
  readonly to?: unknown;
}

export interface Step {
  readonly name?: string;
  readonly apply?: readonly string[];
  readonly delete?: readonly string[];
  readonly edit?: readonly Edit[];
  readonly expect?: readonly string[];
  readonly probes?: readonly string[];
}

export interface CaseFile {
  readonly id: string;
  readonly title: string;
  readonly cites: readonly string[];
  readonly grid?: readonly string[];
  readonly files?: readonly string[];
  readonly ends?: readonly string[];
  readonly only?: readonly string[];
  readonly ports?: readonly string[];
  readonly steps?: readonly Step[];
  readonly manifests?: readonly { readonly name: string; readonly yaml: string; readonly errors: readonly string[] }[];
}

export interface Case extends CaseFile {
  readonly folder: string;
}

/** An object and the text it was written as. */
export interface Item {
  readonly raw: Manifest;
  readonly text: string;
}

/** One cluster that a case runs on, as it stands after each step. */
export interface Stage {
  readonly step: Step;
  readonly items: readonly Item[];
}

const root = join(dirname(dirname(fileURLToPath(import.meta.url))), 'cases');

export function readCases(): Case[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'fixtures')
    .map((entry) => entry.name)
    .sort()
    .map((folder) => ({ ...(parse(readFileSync(join(root, folder, 'expect.yaml'), 'utf8')) as CaseFile), folder }));
}

function readItems(folder: string, file: string): Item[] {
  const text = readFileSync(join(root, folder, file), 'utf8');
  return text
    .split(/^---$/m)
    .filter((part) => parseAllDocuments(part).some((doc) => doc.toJS() !== null))
    .map((part) => ({ raw: parse(part) as Manifest, text: part }));
}

function asItem(raw: Manifest): Item {
  // Kubernetes reads YAML 1.1, where a bare y is a boolean.
  return { raw, text: stringify(raw, { version: '1.1' }) };
}

/** `Pod x/a`; the namespace as it was written, `default` where it was not. */
export function reference({ kind, metadata }: Manifest): string {
  const clusterScoped = [
    'Namespace',
    'Node',
    'ClusterNetworkPolicy',
    'AdminNetworkPolicy',
    'BaselineAdminNetworkPolicy',
  ];
  return clusterScoped.includes(kind)
    ? `${kind} ${metadata.name}`
    : `${kind} ${metadata.namespace ?? 'default'}/${metadata.name}`;
}

/** The container of the last part of a path, and that part. Keys may hold dots when written in brackets: `labels.[a/b.c]`. */
function locate(
  root: unknown,
  path: string,
): { readonly at: Record<string, unknown> | unknown[]; readonly key: string } {
  const parts = path.match(/\[[^\]]*\]|[^.]+/g)?.map((part) => part.replace(/^\[|\]$/g, '')) ?? [];
  const key = parts.pop() ?? '';
  let at = root as Record<string, unknown>;
  for (const part of parts) at = at[part] as Record<string, unknown>;
  return { at, key };
}

function get(object: unknown, path: string): unknown {
  const { at, key } = locate(object, path);
  return (at as Record<string, unknown>)[key];
}

function put(object: unknown, path: string, value: unknown): void {
  const { at, key } = locate(object, path);
  (at as Record<string, unknown>)[key] = value;
}

function edited(raw: Manifest, edit: Edit): Manifest {
  const copy = structuredClone(raw);
  if (edit.set !== undefined) put(copy, edit.set, edit.to);
  if (edit.insert !== undefined) {
    const { at, key } = locate(copy, edit.insert);
    (at as unknown[]).splice(Number(key), 0, edit.to);
  }
  if (edit.remove !== undefined) {
    const { at, key } = locate(copy, edit.remove);
    if (Array.isArray(at)) at.splice(Number(key), 1);
    else delete at[key];
  }
  if (edit.swap !== undefined) {
    const [left, right] = edit.swap;
    const [l, r] = [get(copy, left), get(copy, right)];
    put(copy, left, r);
    put(copy, right, l);
  }
  return copy;
}

/** The clusters of a case by name: the listed grid pods and the whole grid, or the files alone. */
export function clusters(file: Case): { readonly name: string; readonly items: readonly Item[] }[] {
  const own = (file.files ?? []).flatMap((name) => readItems(file.folder, name));
  if (file.grid === undefined) return [{ name: 'as listed', items: own }];
  return [
    { name: 'as listed', items: [...grid(file.grid).map(asItem), ...own] },
    { name: 'whole grid', items: [...grid(gridPods).map(asItem), ...own] },
  ];
}

/** Carries out the steps one after the other. */
export function stages(file: Case, start: readonly Item[]): Stage[] {
  let items = [...start];
  return (file.steps ?? []).map((step) => {
    for (const item of (step.apply ?? []).flatMap((name) => readItems(file.folder, name))) {
      const at = items.findIndex(({ raw }) => reference(raw) === reference(item.raw));
      if (at === -1) items.push(item);
      else items[at] = item;
    }
    for (const gone of step.delete ?? []) {
      if (!items.some(({ raw }) => reference(raw) === gone)) throw new Error(`${file.id}: nothing to delete: ${gone}`);
      items = items.filter(({ raw }) => reference(raw) !== gone);
    }
    for (const edit of step.edit ?? []) {
      const at = items.findIndex(({ raw }) => reference(raw) === edit.object);
      const item = items[at];
      if (item === undefined) throw new Error(`${file.id}: nothing to edit: ${edit.object}`);
      items[at] = asItem(edited(item.raw, edit));
    }
    return { step, items: [...items] };
  });
}

export function portsOf(file: Case): readonly string[] {
  return file.ports ?? gridPorts;
}
