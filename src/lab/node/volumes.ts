/**
 * The volumes of a pod as files: ConfigMaps, Secrets, what the pod says of itself, tokens of its service account, empty
 * folders. They are written when a container starts; a running one does not see later changes.
 */
import { get, isObject, type JsonObject, type JsonValue } from '../api/json.ts';
import { isTrueAt, numberAt, objectsAt, textAt, textMapAt, valueAt } from '../api/field-values.ts';
import type { ContainerSpec, MountedFile } from '../runtime/runtime.ts';
import type { ConfigSource } from './environment.ts';
import { expand } from './expansion.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-ref.ts';
import { StartRefusal } from './start-refusal.ts';

/** Why the volumes of a pod cannot be had, in the words of the event. Unlike missing objects, some kinds never come. */
export class MountRefusal extends Error {
  override readonly name = 'MountRefusal';
}

export interface VolumeSource extends ConfigSource {
  /** Of the service account of the pod; `undefined` when there is no such account. */
  token(audience: string, expirationSeconds: number): string | undefined;
}

interface VolumeFile {
  /** Below the folder of the volume, without `.` and `..`. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

/** By the name of the volume; no files: an empty folder that can be written to. */
export type Volumes = ReadonlyMap<string, readonly VolumeFile[]>;

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3607;
const DEFAULT_MODE = 0o644;

/** Throws `MountRefusal`. */
export function volumesOf(facts: PodFacts, source: VolumeSource): Volumes {
  return new Map(
    objectsAt(facts.pod, 'spec', 'volumes').map((volume) => {
      const name = textAt(volume, 'name');
      try {
        return [name, filesOf(volume, facts, source)];
      } catch (error) {
        if (error instanceof MountRefusal || error instanceof StartRefusal)
          throw new MountRefusal(`MountVolume.SetUp failed for volume ${JSON.stringify(name)} : ${error.message}`);
        throw error;
      }
    }),
  );
}

function filesOf(volume: JsonObject, facts: PodFacts, source: VolumeSource): readonly VolumeFile[] {
  const [kind] = Object.keys(volume).filter((field) => field !== 'name' && get(volume, field) !== undefined);
  const fields = kind === undefined ? undefined : get(volume, kind);
  if (kind === undefined || kind === 'emptyDir' || !isObject(fields)) return [];
  const mode = numberAt(fields, 'defaultMode') ?? DEFAULT_MODE;
  switch (kind) {
    case 'configMap':
    case 'downwardAPI':
      return projected(kind, fields, mode, facts, source);
    case 'secret':
      return projected(kind, { ...fields, name: textAt(fields, 'secretName') }, mode, facts, source);
    case 'projected':
      return objectsAt(fields, 'sources').flatMap((each) =>
        Object.entries(each).flatMap(([name, value]) =>
          isObject(value) ? projected(name, value, mode, facts, source) : [],
        ),
      );
    default:
      throw new MountRefusal(
        `the lab has no volumes of the kind ${kind}, only configMap, secret, downwardAPI, projected and emptyDir`,
      );
  }
}

function projected(
  kind: string,
  fields: JsonObject,
  mode: number,
  facts: PodFacts,
  source: VolumeSource,
): readonly VolumeFile[] {
  switch (kind) {
    case 'configMap':
      return keys('configmap', fields, mode, facts, source.configMap(textAt(fields, 'name')));
    case 'secret':
      return keys('secret', fields, mode, facts, source.secret(textAt(fields, 'name')));
    case 'downwardAPI':
      return objectsAt(fields, 'items').map((item) => {
        const field = valueAt(item, 'fieldRef');
        const resource = valueAt(item, 'resourceFieldRef');
        const text = isObject(field)
          ? fieldValue(facts, textAt(field, 'fieldPath'))
          : isObject(resource)
            ? resourceValue(facts, resource, undefined)
            : '';
        return file(textAt(item, 'path'), Buffer.from(text), numberAt(item, 'mode') ?? mode);
      });
    case 'serviceAccountToken': {
      const token = source.token(textAt(fields, 'audience'), numberAt(fields, 'expirationSeconds') ?? 3600);
      if (token === undefined) throw new MountRefusal('failed to fetch token: the service account was not found');
      return [file(textAt(fields, 'path') || 'token', Buffer.from(token), mode)];
    }
    default:
      throw new MountRefusal(`the lab projects no ${kind}`);
  }
}

/** The keys of a ConfigMap or a Secret: all, or those of `items`. */
function keys(
  kind: 'configmap' | 'secret',
  fields: JsonObject,
  mode: number,
  facts: PodFacts,
  found: JsonObject | undefined,
): readonly VolumeFile[] {
  const name = textAt(fields, 'name');
  const optional = isTrueAt(fields, 'optional');
  if (found === undefined) {
    if (optional) return [];
    const namespace = textAt(facts.pod, 'metadata', 'namespace');
    throw new MountRefusal(
      kind === 'secret'
        ? `secret ${JSON.stringify(name)} not found`
        : `configmap ${JSON.stringify(name)} not found (namespace ${namespace})`,
    );
  }
  const contents = contentsOf(kind, found);
  const items = objectsAt(fields, 'items');
  if (items.length === 0) return [...contents].map(([key, content]) => file(key, content, mode));
  return items.flatMap((item) => {
    const key = textAt(item, 'key');
    const content = contents.get(key);
    if (content !== undefined) return [file(textAt(item, 'path'), content, numberAt(item, 'mode') ?? mode)];
    if (optional) return [];
    throw new MountRefusal(`references non-existent ${kind === 'secret' ? 'secret' : 'config'} key: ${key}`);
  });
}

function contentsOf(kind: 'configmap' | 'secret', found: JsonObject): ReadonlyMap<string, Uint8Array> {
  const decoded = [...textMapAt(found, kind === 'secret' ? 'data' : 'binaryData')];
  const texts = kind === 'secret' ? [] : [...textMapAt(found, 'data')];
  return new Map([
    ...texts.map(([key, text]) => [key, Buffer.from(text)] as const),
    ...decoded.map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ]);
}

function file(path: string, content: Uint8Array, mode: number): VolumeFile {
  const clean = cleanPath(path);
  if (clean === undefined || clean === '') throw new MountRefusal(`invalid path ${JSON.stringify(path)}`);
  return { path: clean, content, mode: mode & 0o777 };
}

/** Without empty and `.` parts; `undefined` when it leaves its folder. */
function cleanPath(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') || path.includes('\0') ? undefined : parts.join('/');
}

/** What a container sees of them. Throws `StartRefusal`. */
export function mountsOf(
  container: JsonObject,
  volumes: Volumes,
  environment: ReadonlyMap<string, string>,
): Pick<ContainerSpec, 'files' | 'folders'> {
  const files: MountedFile[] = [];
  const folders = new Set<string>();
  for (const mount of objectsAt(container, 'volumeMounts')) {
    const volume = volumes.get(textAt(mount, 'name'));
    const folder = cleanPath(textAt(mount, 'mountPath'));
    const subPath = cleanPath(
      textAt(mount, 'subPath') || expand(textAt(mount, 'subPathExpr'), (name) => environment.get(name)),
    );
    if (volume === undefined || folder === undefined || folder === '' || subPath === undefined)
      throw new StartRefusal(
        'CreateContainerConfigError',
        `cannot mount ${JSON.stringify(valueAt(mount, 'mountPath') ?? '')}`,
      );
    if (volume.length === 0) folders.add(`/${folder}`);
    for (const { path, ...rest } of volume) {
      const inside = below(path, subPath);
      if (inside !== undefined) files.push({ ...rest, path: inside === '' ? `/${folder}` : `/${folder}/${inside}` });
    }
  }
  return { files, folders: [...folders] };
}

function below(path: string, subPath: string): string | undefined {
  if (subPath === '') return path;
  if (path === subPath) return '';
  return path.startsWith(`${subPath}/`) ? path.slice(subPath.length + 1) : undefined;
}

/**
 * The token, name space and certificate that every container gets unless the pod or its account says no, or a volume is
 * mounted there already. Nothing when there is no such account.
 */
export function accountFiles(
  container: JsonObject,
  facts: PodFacts,
  account: JsonObject | undefined,
  source: VolumeSource,
): readonly MountedFile[] {
  const mounted = objectsAt(container, 'volumeMounts').some(
    (mount) => textAt(mount, 'mountPath') === SERVICE_ACCOUNT_FOLDER,
  );
  const wanted: JsonValue =
    valueAt(facts.pod, 'spec', 'automountServiceAccountToken') ??
    valueAt(account ?? {}, 'automountServiceAccountToken') ??
    true;
  const token = mounted || account === undefined || wanted === false ? undefined : source.token('', TOKEN_SECONDS);
  if (token === undefined) return [];
  const certificate = textMapAt(source.configMap('kube-root-ca.crt') ?? {}, 'data').get('ca.crt');
  const texts = [
    ['ca.crt', certificate],
    ['namespace', textAt(facts.pod, 'metadata', 'namespace')],
    ['token', token],
  ] as const;
  return texts.flatMap(([name, text]) =>
    text === undefined
      ? []
      : [{ path: `${SERVICE_ACCOUNT_FOLDER}/${name}`, content: Buffer.from(text), mode: DEFAULT_MODE }],
  );
}

/** Of `default` when the pod names none. */
export function accountNameOf(pod: JsonObject): string {
  return textAt(pod, 'spec', 'serviceAccountName') || 'default';
}
