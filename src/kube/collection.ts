import { assertNever } from '../base/assert.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { DecodedObject } from './object.ts';
import type { KubeObject, KubeObjects, ObjectMeta } from './objects.ts';

/**
 * Objects in input order; of two with the same kind, namespace and name the last one counts (M56). Kept column by column,
 * because a large cluster has hundreds of thousands.
 */
export class ObjectCollection {
  /** An object that has a name, or what else was decoded; `undefined` when a later object has taken its place. */
  readonly #entries: (KubeObject | DecodedObject | undefined)[] = [];
  readonly #sources: SourceText[] = [];
  readonly #nameStarts: number[] = [];
  readonly #nameEnds: number[] = [];
  /** Kinds of the entries that are no objects. */
  readonly #kinds = new Map<number, string>();
  /** By kind and namespace, then by name. */
  readonly #byName = new Map<string, Map<string, number>>();
  /** The group that was asked for last: objects of one namespace often stand together. */
  #groupKind = '';
  #groupNamespace: string | undefined;
  #group = new Map<string, number>();

  /** The warning about the object that this one replaces, if it does. */
  add(kind: string, decoded: DecodedObject, nameSpan: Span): Diagnostic | undefined {
    const { source, start, end } = nameSpan;
    this.#kinds.set(this.#entries.length, kind);
    const { generateName, meta } = decoded;
    return this.#add(decoded, kind, meta, generateName, source, start, end);
  }

  /** {@link add} for a single object that has a name. */
  addOne(object: KubeObject, source: SourceText, nameStart: number, nameEnd: number): Diagnostic | undefined {
    return this.#add(object, object.kind, object.meta, false, source, nameStart, nameEnd);
  }

  #add(
    entry: KubeObject | DecodedObject,
    kind: string,
    { namespace, name }: ObjectMeta,
    generateName: boolean,
    source: SourceText,
    nameStart: number,
    nameEnd: number,
  ): Diagnostic | undefined {
    const at = this.#entries.length;
    this.#entries.push(entry);
    this.#sources.push(source);
    this.#nameStarts.push(nameStart);
    this.#nameEnds.push(nameEnd);
    // The server gives every generated name a different end.
    if (generateName) return undefined;
    const group = this.#groupOf(kind, namespace);
    const before = group.get(name);
    group.set(name, at);
    if (before === undefined) return undefined;
    this.#entries[before] = undefined;
    const label = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
    const replaced = this.#nameSpan(before);
    return {
      severity: 'warning',
      code: 'duplicate-object',
      message: `${label} is defined more than once; the last definition counts`,
      span: { source, start: nameStart, end: nameEnd },
      object: label,
      help: 'applied in this order, each definition replaces the one before',
      related: replaced === undefined ? [] : [{ message: 'replaced definition', span: replaced }],
    };
  }

  #nameSpan(at: number): Span | undefined {
    const source = this.#sources[at];
    return source && { source, start: this.#nameStarts[at] ?? 0, end: this.#nameEnds[at] ?? 0 };
  }

  #groupOf(kind: string, namespace: string): Map<string, number> {
    if (kind === this.#groupKind && namespace === this.#groupNamespace) return this.#group;
    const key = `${kind}\u0000${namespace}`;
    let group = this.#byName.get(key);
    if (group === undefined) {
      group = new Map();
      this.#byName.set(key, group);
    }
    this.#groupKind = kind;
    this.#groupNamespace = namespace;
    this.#group = group;
    return group;
  }

  objects(): KubeObjects {
    const groups = emptyGroups();
    const generated = new Map<string, number>();
    for (const [at, entry] of this.#entries.entries()) {
      if (entry === undefined) continue;
      if (!('objects' in entry)) place(entry, groups);
      else {
        const name = entry.generateName
          ? this.#makeUpName(this.#kinds.get(at) ?? '', entry.meta, at, generated)
          : undefined;
        for (const object of entry.objects) {
          place(name === undefined ? object : { ...object, meta: { ...object.meta, name } }, groups);
        }
      }
    }
    return groups;
  }

  /** The prefix and the first number that no other object has. */
  #makeUpName(kind: string, meta: ObjectMeta, at: number, generated: Map<string, number>): string {
    const { namespace, name: prefix } = meta;
    const prefixKey = `${kind}\u0000${namespace}\u0000${prefix}`;
    const group = this.#groupOf(kind, namespace);
    for (let n = (generated.get(prefixKey) ?? 0) + 1; ; n++) {
      const name = `${prefix}${n}`;
      if (group.has(name)) continue;
      group.set(name, at);
      generated.set(prefixKey, n);
      return name;
    }
  }
}

type Groups = { [K in keyof KubeObjects]: KubeObjects[K][number][] };

function emptyGroups(): Groups {
  return {
    namespaces: [],
    nodes: [],
    pods: [],
    workloads: [],
    services: [],
    endpoints: [],
    ingresses: [],
    httpRoutes: [],
    gateways: [],
    networkPolicies: [],
    clusterPolicies: [],
  };
}

/** Objects of which no two are the same, as the parts of one input: those of a live cluster. */
export function groupObjects(objects: Iterable<KubeObject>): KubeObjects {
  const groups = emptyGroups();
  for (const object of objects) place(object, groups);
  return groups;
}

function place(object: KubeObject, groups: Groups): void {
  switch (object.kind) {
    case 'Namespace':
      groups.namespaces.push(object);
      break;
    case 'Node':
      groups.nodes.push(object);
      break;
    case 'Pod':
      groups.pods.push(object);
      break;
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
    case 'CronJob':
    case 'ReplicationController':
      groups.workloads.push(object);
      break;
    case 'Service':
      groups.services.push(object);
      break;
    case 'Endpoints':
    case 'EndpointSlice':
      groups.endpoints.push(object);
      break;
    case 'Ingress':
      groups.ingresses.push(object);
      break;
    case 'HTTPRoute':
      groups.httpRoutes.push(object);
      break;
    case 'Gateway':
      groups.gateways.push(object);
      break;
    case 'NetworkPolicy':
      groups.networkPolicies.push(object);
      break;
    case 'ClusterNetworkPolicy':
    case 'AdminNetworkPolicy':
    case 'BaselineAdminNetworkPolicy':
      groups.clusterPolicies.push(object);
      break;
    default:
      assertNever(object);
  }
}
