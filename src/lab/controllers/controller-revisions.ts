/** The templates that a StatefulSet or DaemonSet had, as ControllerRevisions, for `kubectl rollout history` and `undo`. */
import { fromEntries, type JsonObject } from '../api/json.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { compareText } from './pod-state.ts';
import { nameOf, namespaceOf, numberAt, objectAt, textAt, uidOf } from '../api/field-values.ts';
import { sameTemplate, templateHash } from './template-hash.ts';
import { CONTROLLER_REVISIONS, controllerReference, type Writer } from './writer.ts';

/** Label of pods: the revision they were made of. */
export const REVISION_HASH = 'controller-revision-hash';
const MOST_COLLISIONS = 20;

export interface Revisions {
  /** Of the present template. */
  readonly update: JsonObject;
  /** Oldest first; `update` is the last one. */
  readonly all: readonly JsonObject[];
}

/** The revisions, after the present template got one that is the latest. */
export function ensureRevisions(write: Writer, index: ClusterIndex, owner: JsonObject): Revisions {
  const template = objectAt(owner, 'spec', 'template');
  const all = byRevision(index.controlled(uidOf(owner), 'controllerrevisions.apps'));
  const latest = all.at(-1);
  const next = (latest === undefined ? 0 : revisionNumber(latest)) + 1;
  const same = all.findLast((revision) => sameTemplate(templateOf(revision), template));
  if (same !== undefined) {
    if (same === latest) return { update: same, all };
    const update = write.update(CONTROLLER_REVISIONS, same, { revision: next });
    return { update, all: [...all.filter((revision) => revision !== same), update] };
  }
  const update = createRevision(write, owner, template, next);
  return { update, all: [...all, update] };
}

function createRevision(write: Writer, owner: JsonObject, template: JsonObject, revision: number): JsonObject {
  const namespace = namespaceOf(owner);
  for (let collision = 0; ; collision += 1) {
    const hash = templateHash(template, collision);
    const name = `${nameOf(owner)}-${hash}`;
    const taken = write.find(CONTROLLER_REVISIONS, namespace, name) !== undefined;
    if (taken && collision < MOST_COLLISIONS) continue;
    return write.create(CONTROLLER_REVISIONS, namespace, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        labels: { ...objectAt(template, 'metadata', 'labels'), 'controller.kubernetes.io/hash': hash },
        annotations: historyAnnotations(owner),
        ownerReferences: [controllerReference(owner)],
      },
      // As a strategic merge patch of the owner: what `rollout undo` sends.
      data: { spec: { template: { $patch: 'replace', ...template } } },
      revision,
    });
  }
}

/** What `rollout history` shows beside the number. */
function historyAnnotations(owner: JsonObject): JsonObject {
  const cause = textAt(owner, 'metadata', 'annotations', 'kubernetes.io/change-cause');
  return cause === '' ? {} : { 'kubernetes.io/change-cause': cause };
}

/** Removes the oldest revisions beyond the limit, but none that `used` names. */
export function trimRevisions(write: Writer, owner: JsonObject, { all }: Revisions, used: ReadonlySet<string>): void {
  const limit = numberAt(owner, 'spec', 'revisionHistoryLimit') ?? 10;
  const unused = all.filter((revision) => !used.has(nameOf(revision)));
  for (const revision of unused.slice(0, Math.max(0, unused.length - limit)))
    write.remove(CONTROLLER_REVISIONS, revision, { propagationPolicy: 'Background' });
}

export function templateOf(revision: JsonObject): JsonObject {
  const fields = Object.entries(objectAt(revision, 'data', 'spec', 'template'));
  return fromEntries(fields.filter(([name]) => name !== '$patch'));
}

/** The part of the name behind the owner's: what daemon pods are labelled with. */
export function hashOf(revision: JsonObject): string {
  return textAt(revision, 'metadata', 'labels', 'controller.kubernetes.io/hash');
}

function byRevision(revisions: readonly JsonObject[]): readonly JsonObject[] {
  return revisions.toSorted((a, b) => revisionNumber(a) - revisionNumber(b) || compareText(nameOf(a), nameOf(b)));
}

function revisionNumber(revision: JsonObject): number {
  return numberAt(revision, 'revision') ?? 0;
}
