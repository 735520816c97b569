/**
 * The objects of the store by what controllers ask for: owner, node, labels. Kept by the changes of the store, so that no
 * question costs more than its answer.
 */
import { matches } from '../../kube/selectors.ts';
import type { LabelSelector } from '../../kube/objects.ts';
import type { JsonObject } from '../api/json.ts';
import type { StoreEvent } from '../api/store/event-ring.ts';
import { labelText, requiredLabel } from './label-selection.ts';
import { isTrueAt, labelsOf, namespaceOf, objectsAt, textAt, uidOf, valueAt } from '../api/field-values.ts';

export interface IndexedObject {
  /** `deployments.apps` */
  readonly resource: string;
  readonly object: JsonObject;
}

/** The owner that manages the object; at most one. */
export function controllerOf(object: JsonObject): JsonObject | undefined {
  return objectsAt(object, 'metadata', 'ownerReferences').find((reference) => isTrueAt(reference, 'controller'));
}

export class ClusterIndex {
  private readonly objects = new Map<string, IndexedObject>();
  /** Uids by what they are looked up with. */
  private readonly uids = new Map<string, Set<string>>();
  private readonly counts = new Map<string, number>();

  apply({ type, resource, object, previous }: Pick<StoreEvent, 'type' | 'resource' | 'object' | 'previous'>): void {
    const uid = uidOf(object);
    const before = type === 'ADDED' ? [] : questionsFor(resource, previous ?? object);
    const after = type === 'DELETED' ? [] : questionsFor(resource, object);
    if (type === 'DELETED') this.objects.delete(uid);
    else this.objects.set(uid, { resource, object });
    const kept = new Set(after);
    for (const question of before) if (!kept.has(question)) this.remove(question, uid);
    for (const question of after) this.add(question, uid);
    const namespace = namespaceOf(object);
    if (namespace === '' || type === 'MODIFIED') return;
    const count = (this.counts.get(namespace) ?? 0) + (type === 'ADDED' ? 1 : -1);
    if (count === 0) this.counts.delete(namespace);
    else this.counts.set(namespace, count);
  }

  find(uid: string): IndexedObject | undefined {
    return this.objects.get(uid);
  }

  /** All that names this uid among its owners. */
  dependents(uid: string): readonly IndexedObject[] {
    return this.answer(ownerQuestion(uid));
  }

  dependentCount(uid: string): number {
    return this.uids.get(ownerQuestion(uid))?.size ?? 0;
  }

  /** Objects of a resource that this uid controls. */
  controlled(uid: string, resource: string): readonly JsonObject[] {
    return this.dependents(uid).flatMap((each) =>
      each.resource === resource && textAt(controllerOf(each.object) ?? {}, 'uid') === uid ? [each.object] : [],
    );
  }

  /** ReplicaSets without a controller. */
  orphanedReplicaSets(namespace: string): readonly JsonObject[] {
    return this.answer(orphanQuestion(namespace)).map(({ object }) => object);
  }

  podsOnNode(node: string): readonly JsonObject[] {
    return this.answer(nodeQuestion(node)).map(({ object }) => object);
  }

  podCount(): number {
    return this.uids.get(ALL_PODS)?.size ?? 0;
  }

  podCountOnNode(node: string): number {
    return this.uids.get(nodeQuestion(node))?.size ?? 0;
  }

  /** Pods that say which others they do not want near. */
  antiAffinePods(): readonly JsonObject[] {
    return this.answer(ANTI_AFFINE).map(({ object }) => object);
  }

  podsSelected(namespace: string, selector: LabelSelector): readonly JsonObject[] {
    const label = requiredLabel(selector);
    const question = label === undefined ? namespaceQuestion(namespace) : labelQuestion(namespace, label);
    return this.answer(question).flatMap(({ object }) => (matches(selector, labelsOf(object)) ? [object] : []));
  }

  /** EndpointSlices of a Service, whoever wrote them. */
  slicesOf(namespace: string, service: string): readonly JsonObject[] {
    return this.answer(serviceQuestion(namespace, service)).map(({ object }) => object);
  }

  /** How many objects of all resources a namespace holds. */
  countIn(namespace: string): number {
    return this.counts.get(namespace) ?? 0;
  }

  private answer(question: string): readonly IndexedObject[] {
    const found: IndexedObject[] = [];
    for (const uid of this.uids.get(question) ?? []) {
      const indexed = this.objects.get(uid);
      if (indexed !== undefined) found.push(indexed);
    }
    return found;
  }

  private add(question: string, uid: string): void {
    const uids = this.uids.get(question) ?? new Set();
    this.uids.set(question, uids.add(uid));
  }

  private remove(question: string, uid: string): void {
    const uids = this.uids.get(question);
    uids?.delete(uid);
    if (uids?.size === 0) this.uids.delete(question);
  }
}

/** The questions that this object is part of the answer to. */
function questionsFor(resource: string, object: JsonObject): readonly string[] {
  const namespace = namespaceOf(object);
  const questions = objectsAt(object, 'metadata', 'ownerReferences').map((owner) =>
    ownerQuestion(textAt(owner, 'uid')),
  );
  if (resource === 'replicasets.apps' && controllerOf(object) === undefined) questions.push(orphanQuestion(namespace));
  if (resource === 'pods') {
    questions.push(ALL_PODS, namespaceQuestion(namespace));
    const node = textAt(object, 'spec', 'nodeName');
    if (node !== '') questions.push(nodeQuestion(node));
    if (valueAt(object, 'spec', 'affinity', 'podAntiAffinity') !== undefined) questions.push(ANTI_AFFINE);
    for (const [key, value] of labelsOf(object)) questions.push(labelQuestion(namespace, labelText(key, value)));
  }
  if (resource === 'endpointslices.discovery.k8s.io')
    questions.push(serviceQuestion(namespace, labelsOf(object).get('kubernetes.io/service-name') ?? ''));
  return questions;
}

// Names of namespaces hold no blanks, so no two questions have the same text.
const ownerQuestion = (uid: string): string => `owner ${uid}`;
const orphanQuestion = (namespace: string): string => `orphan ${namespace}`;
const nodeQuestion = (node: string): string => `node ${node}`;
const namespaceQuestion = (namespace: string): string => `namespace ${namespace}`;
const labelQuestion = (namespace: string, label: string): string => `label ${namespace} ${label}`;
const serviceQuestion = (namespace: string, service: string): string => `service ${namespace} ${service}`;
const ALL_PODS = 'pods';
const ANTI_AFFINE = 'anti-affine';
