import { assertNever } from '../base/assert.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { DecodedObject } from './object.ts';
import type { KubeObject, KubeObjects, ObjectMeta } from './objects.ts';

interface Slot {
  readonly kind: string;
  readonly objects: readonly KubeObject[] | KubeObject;
  readonly meta: ObjectMeta;
  readonly generateName: boolean;
  /** Where the name stands; a span is made only for the message that needs one. */
  readonly source: SourceText;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** A later object of the same name has taken its place. */
  replaced: boolean;
}

/** Objects in input order; of two with the same kind, namespace and name the last one counts (M56). */
export class ObjectCollection {
  readonly #slots: Slot[] = [];
  /** By kind and namespace, then by name. */
  readonly #byName = new Map<string, Map<string, Slot>>();
  /** The group that was asked for last: objects of one namespace often stand together. */
  #groupKind = '';
  #groupNamespace: string | undefined;
  #group = new Map<string, Slot>();

  /** The warning about the object that this one replaces, if it does. */
  add(kind: string, decoded: DecodedObject, nameSpan: Span): Diagnostic | undefined {
    const { objects, meta, generateName } = decoded;
    const { source, start, end } = nameSpan;
    return this.#add({ kind, objects, meta, generateName, source, nameStart: start, nameEnd: end, replaced: false });
  }

  /** {@link add} for a single object that has a name. */
  addOne(object: KubeObject, source: SourceText, nameStart: number, nameEnd: number): Diagnostic | undefined {
    const { kind, meta } = object;
    return this.#add({ kind, objects: object, meta, generateName: false, source, nameStart, nameEnd, replaced: false });
  }

  #add(slot: Slot): Diagnostic | undefined {
    this.#slots.push(slot);
    // The server gives every generated name a different end.
    if (slot.generateName) return undefined;
    const { kind } = slot;
    const { namespace, name } = slot.meta;
    const group = this.#groupOf(kind, namespace);
    const before = group.get(name);
    group.set(name, slot);
    if (before === undefined) return undefined;
    before.replaced = true;
    const label = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
    return {
      severity: 'warning',
      code: 'duplicate-object',
      message: `${label} is defined more than once; the last definition counts`,
      span: nameSpanOf(slot),
      object: label,
      help: 'applied in this order, each definition replaces the one before',
      related: [{ message: 'replaced definition', span: nameSpanOf(before) }],
    };
  }

  #groupOf(kind: string, namespace: string): Map<string, Slot> {
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
    const groups: { [K in keyof KubeObjects]: KubeObjects[K][number][] } = {
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
    const generated = new Map<string, number>();
    for (const slot of this.#slots) {
      if (slot.replaced) continue;
      const { objects } = slot;
      if (!isList(objects)) place(objects, groups);
      else {
        const name = slot.generateName ? this.#makeUpName(slot, generated) : undefined;
        for (const object of objects) {
          place(name === undefined ? object : { ...object, meta: { ...object.meta, name } }, groups);
        }
      }
    }
    return groups;
  }

  /** The prefix and the first number that no other object has. */
  #makeUpName(slot: Slot, generated: Map<string, number>): string {
    const { namespace, name: prefix } = slot.meta;
    const prefixKey = `${slot.kind}\u0000${namespace}\u0000${prefix}`;
    const group = this.#groupOf(slot.kind, namespace);
    for (let n = (generated.get(prefixKey) ?? 0) + 1; ; n++) {
      const name = `${prefix}${n}`;
      if (group.has(name)) continue;
      group.set(name, slot);
      generated.set(prefixKey, n);
      return name;
    }
  }
}

function nameSpanOf({ source, nameStart, nameEnd }: Slot): Span {
  return { source, start: nameStart, end: nameEnd };
}

function isList(objects: Slot['objects']): objects is readonly KubeObject[] {
  return Array.isArray(objects);
}

function place(object: KubeObject, groups: { [K in keyof KubeObjects]: KubeObjects[K][number][] }): void {
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
