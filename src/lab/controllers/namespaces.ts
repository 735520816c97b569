/** What every namespace has, and how one ends: all its content first. */
import type { JsonObject } from '../api/json.ts';
import type { Resource } from '../api/resources.ts';
import { systemContext } from '../api/rest/rest.ts';
import { StatusError } from '../api/status-error.ts';
import { resourceKey } from '../api/store/object-store.ts';
import { conditionsOf, type NewCondition, withCondition } from './conditions.ts';
import { type Controller, keyOf, splitKey, type Surroundings } from './controller.ts';
import { timeText } from '../api/times.ts';
import { isGoing, nameOf, namespaceOf, objectAt, textsAt, uidOf } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { NAMESPACES, writer, type WrittenKind } from './writer.ts';

const SERVICE_ACCOUNTS: WrittenKind = ['', 'v1', 'serviceaccounts'];
const CONFIG_MAPS: WrittenKind = ['', 'v1', 'configmaps'];
const DEFAULT_ACCOUNT = 'default';
const ROOT_CA = 'kube-root-ca.crt';
const FINALIZER = 'kubernetes';
/** After something refused to be deleted. */
const RETRY_MS = 1000;

/** @param caCertificate PEM of what the API server's certificate is signed with, for pods */
export function namespaceController({ rest, clock, index }: Surroundings, caCertificate: string): Controller {
  const write = writer(rest, 'namespace-controller');
  const context = systemContext('namespace-controller');

  const furnish = (namespace: string): void => {
    if (write.find(SERVICE_ACCOUNTS, namespace, DEFAULT_ACCOUNT) === undefined) {
      const metadata = { name: DEFAULT_ACCOUNT, namespace };
      write.create(SERVICE_ACCOUNTS, namespace, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    }
    const data = { 'ca.crt': caCertificate };
    const present = write.find(CONFIG_MAPS, namespace, ROOT_CA);
    if (present !== undefined) write.update(CONFIG_MAPS, present, { data });
    else {
      const metadata = { name: ROOT_CA, namespace };
      write.create(CONFIG_MAPS, namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    }
  };

  /** Deletes what is not going already; how many objects are left, by resource. */
  const empty = (namespace: string): { readonly left: readonly Left[]; readonly failure: string | undefined } => {
    const left: Left[] = [];
    let failure: string | undefined;
    const seen = new Set<string>();
    for (const resource of rest.resources) {
      const key = resourceKey(resource);
      if (!resource.namespaced || !resource.verbs.includes('delete') || seen.has(key)) continue;
      // Versions of a custom resource are views of the same objects.
      seen.add(key);
      for (const object of rest.store.list(resource, namespace).items) {
        if (isGoing(object)) continue;
        failure = remove(resource, object) ?? failure;
      }
      const rests = rest.store.list(resource, namespace).items;
      if (rests.length > 0) left.push({ key, objects: rests });
    }
    return { left, failure };
  };

  const remove = (resource: Resource, object: JsonObject): string | undefined => {
    const target = { resource, namespace: namespaceOf(object), name: nameOf(object) };
    try {
      const request = { propagationPolicy: 'Background', preconditions: { uid: uidOf(object) } } as const;
      rest.delete(target, request, context);
      return undefined;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return error.reason === 'NotFound' || error.reason === 'Conflict' ? undefined : error.message;
    }
  };

  const sync = (key: string): SyncResult | undefined => {
    const { name } = splitKey(key);
    const namespace = write.find(NAMESPACES, '', name);
    if (namespace === undefined) return undefined;
    if (!isGoing(namespace)) {
      furnish(name);
      return undefined;
    }
    const { left, failure } = empty(name);
    const count = left.reduce((sum, { objects }) => sum + objects.length, 0);
    const conditions = endConditions(left, failure).reduce<readonly JsonObject[]>(
      (all, next) => withCondition(all, next, timeText(clock.calendarMs())),
      conditionsOf(namespace),
    );
    const status = { ...objectAt(namespace, 'status'), phase: 'Terminating', conditions };
    const told = write.setStatus(NAMESPACES, namespace, status);
    if (count > 0) return { size: count, againMs: failure === undefined ? undefined : RETRY_MS };
    const finalizers = textsAt(told, 'spec', 'finalizers').filter((each) => each !== FINALIZER);
    const resource = rest.find(...NAMESPACES);
    if (resource === undefined || finalizers.length === textsAt(told, 'spec', 'finalizers').length) return undefined;
    const spec = { ...objectAt(told, 'spec'), finalizers };
    rest.update({ resource, namespace: '', name, subresource: 'finalize' }, { ...told, spec }, context);
    return undefined;
  };

  return {
    name: 'namespaces',
    observe: ({ type, resource, object }, dirty) => {
      if (resource === 'namespaces') {
        if (type !== 'DELETED') dirty(keyOf('', nameOf(object)));
        return;
      }
      const namespace = namespaceOf(object);
      if (namespace === '') return;
      const isFurniture =
        (resource === 'serviceaccounts' && nameOf(object) === DEFAULT_ACCOUNT) ||
        (resource === 'configmaps' && nameOf(object) === ROOT_CA);
      if (isFurniture && type !== 'ADDED') dirty(keyOf('', namespace));
      // The last object that goes ends the namespace; in between its conditions need not follow each.
      else if (type === 'DELETED' && index.countIn(namespace) === 0) dirty(keyOf('', namespace));
    },
    sync,
  };
}

interface Left {
  readonly key: string;
  readonly objects: readonly JsonObject[];
}

/** In the order and the words of the real controller. */
function endConditions(left: readonly Left[], failure: string | undefined): readonly NewCondition[] {
  const finalizers = new Map<string, number>();
  for (const { objects } of left)
    for (const object of objects)
      for (const each of textsAt(object, 'metadata', 'finalizers'))
        finalizers.set(each, (finalizers.get(each) ?? 0) + 1);
  const holding = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  const remaining = left.map(({ key, objects }) => `${withDot(key)} has ${objects.length} resource instances`);
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failure === undefined
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        }
      : { type: 'NamespaceDeletionContentFailure', status: 'True', reason: 'ContentDeletionFailed', message: failure },
    remaining.length === 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${remaining.join(', ')}`,
        },
    holding.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${holding.join(', ')}`,
        },
  ];
}

/** `pods.`: the core group is an empty text behind the dot. */
function withDot(key: string): string {
  return key.includes('.') ? key : `${key}.`;
}
