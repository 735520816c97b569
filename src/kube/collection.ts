import { assertNever } from '../base/assert.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { DecodedObject } from './object.ts';
import type { KubeObject, KubeObjects } from './objects.ts';

interface Slot {
  readonly decoded: DecodedObject;
  readonly kind: string;
  readonly nameSpan: Span;
  /** A later object of the same name has taken its place. */
  replaced: boolean;
}

/** Objects in input order; of two with the same kind, namespace and name the last one counts (M56). */
export class ObjectCollection {
  readonly #slots: Slot[] = [];
  readonly #byName = new Map<string, Slot>();

  /** The warning about the object that this one replaces, if it does. */
  add(kind: string, decoded: DecodedObject, nameSpan: Span): Diagnostic | undefined {
    const slot: Slot = { decoded, kind, nameSpan, replaced: false };
    this.#slots.push(slot);
    // The server gives every generated name a different end.
    if (decoded.generateName) return undefined;
    const { namespace, name } = decoded.meta;
    const key = slotKey(kind, namespace, name);
    const before = this.#byName.get(key);
    this.#byName.set(key, slot);
    if (before === undefined) return undefined;
    before.replaced = true;
    const label = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
    return {
      severity: 'warning',
      code: 'duplicate-object',
      message: `${label} is defined more than once; the last definition counts`,
      span: nameSpan,
      object: label,
      help: 'applied in this order, each definition replaces the one before',
      related: [{ message: 'replaced definition', span: before.nameSpan }],
    };
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
      const name = slot.decoded.generateName ? this.#makeUpName(slot, generated) : undefined;
      for (const object of slot.decoded.objects) {
        place(name === undefined ? object : { ...object, meta: { ...object.meta, name } }, groups);
      }
    }
    return groups;
  }

  /** The prefix and the first number that no other object has. */
  #makeUpName(slot: Slot, generated: Map<string, number>): string {
    const { namespace, name: prefix } = slot.decoded.meta;
    const prefixKey = slotKey(slot.kind, namespace, prefix);
    for (let n = (generated.get(prefixKey) ?? 0) + 1; ; n++) {
      const key = slotKey(slot.kind, namespace, `${prefix}${n}`);
      if (this.#byName.has(key)) continue;
      this.#byName.set(key, slot);
      generated.set(prefixKey, n);
      return `${prefix}${n}`;
    }
  }
}

function slotKey(kind: string, namespace: string, name: string): string {
  return `${kind}\u0000${namespace}\u0000${name}`;
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
