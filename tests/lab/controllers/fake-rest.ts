import { withDefaults } from '../../../src/lab/api/fields.ts';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { builtInResources, type Resource } from '../../../src/lab/api/resources.ts';
import type { ObjectTarget, Rest, Written } from '../../../src/lab/api/rest/rest.ts';
import { objectAt, textAt, textsAt } from '../../../src/lab/controllers/reading.ts';
import { StatusError } from '../../../src/lab/api/status-error.ts';
import { metadataOf, ObjectStore } from '../../../src/lab/api/store/object-store.ts';
import type { Clock } from '../../../src/io/kubernetes/clock.ts';

/** The verbs over a real store, without validation; every call is remembered, so that tests can count writes. */
export class FakeRest implements Rest {
  readonly store: ObjectStore;
  readonly resources: readonly Resource[] = builtInResources;
  /** `create pods web-abcde`, in order. */
  readonly calls: string[] = [];
  /** Throws what it likes before a write is done. */
  refuse: (call: string) => void = () => {};
  private names = 0;

  constructor(clock: Clock) {
    let uids = 0;
    this.store = new ObjectStore({ now: () => new Date(clock.calendarMs()), newUid: () => `uid-${(uids += 1)}` });
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.resources.find((r) => r.group === group && r.version === version && r.plural === plural);
  }

  schemaOf(): undefined {
    return undefined;
  }

  get({ resource, namespace, name }: ObjectTarget): JsonObject {
    return this.store.get({ ...idOf(resource), namespace, name });
  }

  list({ resource, namespace }: { readonly resource: Resource; readonly namespace: string | undefined }) {
    return this.store.list(idOf(resource), namespace);
  }

  create(...[{ resource, namespace, name: target, subresource }, object]: Parameters<Rest['create']>): Written {
    if (namespace === undefined) throw new Error('no namespace');
    if (subresource === 'binding' && target !== undefined) return this.bind(resource, namespace, target, object);
    this.names += 1;
    const { names } = this;
    const name =
      textAt(object, 'metadata', 'name') ||
      `${textAt(object, 'metadata', 'generateName')}${names.toString(36).padStart(5, '0')}`;
    this.called(`create ${resource.plural} ${name}`);
    if (namespace !== '') this.checkNamespace(namespace);
    const filled = resource.message === undefined ? object : withDefaults(object, resource.message);
    const status = resource.kind === 'Pod' ? { phase: 'Pending' } : undefined;
    const initial = withoutUndefined({ ...filled, status });
    return written(this.store.create({ ...idOf(resource), namespace, name }, initial), true);
  }

  update(...[{ resource, namespace, name, subresource }, object]: Parameters<Rest['update']>): Written {
    this.called(`update ${resource.plural}${subresource === undefined ? '' : `/${subresource}`} ${name}`);
    const key = { ...idOf(resource), namespace, name };
    const before = this.store.get(key);
    if (subresource === 'finalize') return written(this.store.update(key, object), false);
    const { metadata, status } = object;
    const kept = subresource === 'status' ? { ...before, status } : { ...object, metadata, status: before['status'] };
    return written(this.store.update(key, withoutUndefined(kept)), false);
  }

  patch(): Written {
    throw new Error('controllers do not patch');
  }

  delete(...[{ resource, namespace, name }, request]: Parameters<Rest['delete']>) {
    this.called(`delete ${resource.plural} ${name}`);
    const key = { ...idOf(resource), namespace, name };
    const object = this.store.get(key);
    const finalizer = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined }[
      request.propagationPolicy ?? 'Background'
    ];
    const held = textsAt(object, 'metadata', 'finalizers');
    if (finalizer !== undefined && !held.includes(finalizer))
      this.store.update(key, {
        ...object,
        metadata: { ...metadataOf(object), finalizers: [...held, finalizer] },
      });
    const bound = textAt(object, 'spec', 'nodeName') !== '';
    const grace = resource.kind === 'Pod' && bound ? (request.gracePeriodSeconds ?? 30) : 0;
    if (resource.kind === 'Namespace') {
      // As the namespaces of the real server: marked, and the finalizer in its spec holds it.
      this.store.update(key, { ...object, status: { phase: 'Terminating' } });
      return this.store.delete(key, { gracePeriodSeconds: 1 });
    }
    const { uid, resourceVersion } = request.preconditions ?? {};
    return this.store.delete(key, { uid, resourceVersion, gracePeriodSeconds: grace });
  }

  private bind(resource: Resource, namespace: string, name: string, binding: JsonObject): Written {
    this.called(`bind ${name}`);
    const key = { ...idOf(resource), namespace, name };
    const pod = this.store.get(key);
    const conditions = [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    const next = {
      ...pod,
      spec: { ...objectAt(pod, 'spec'), nodeName: textAt(binding, 'target', 'name') },
      status: { ...objectAt(pod, 'status'), conditions },
    };
    return written(this.store.update(key, withoutUndefined(next)), false);
  }

  private called(call: string): void {
    this.refuse(call);
    this.calls.push(call);
  }

  private checkNamespace(namespace: string): void {
    const found = this.store.get({ group: '', plural: 'namespaces', namespace: '', name: namespace });
    if (metadataOf(found)['deletionTimestamp'] !== undefined)
      throw new StatusError('Forbidden', `namespace ${namespace} is being terminated`);
  }
}

function idOf({ group, plural }: Resource) {
  return { group, plural };
}

function written(object: JsonObject, created: boolean): Written {
  return { object, created, warnings: [] };
}

function withoutUndefined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
