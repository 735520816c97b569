/** Revisions of a Deployment: a ReplicaSet for each template that it had. */
import { fromEntries, type JsonObject } from '../api/json.ts';
import { boundsOf, byAge, replicasOf } from './deployment-scaling.ts';
import { numberAt, objectAt, textAt, textMapAt, valueAt } from '../api/field-values.ts';
import { POD_TEMPLATE_HASH, sameTemplate } from './template-hash.ts';
import { controllerReference } from './writer.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** Annotations that are the Deployment's or the ReplicaSet's own. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

/** The ReplicaSet of the present template; the oldest one should there be several. */
export function findNewSet(deployment: JsonObject, sets: readonly JsonObject[]): JsonObject | undefined {
  const template = objectAt(deployment, 'spec', 'template');
  return byAge(sets).find((set) => sameTemplate(objectAt(set, 'spec', 'template'), template));
}

export function revisionOf(object: JsonObject): number {
  const revision = Number(textAt(object, 'metadata', 'annotations', REVISION));
  return Number.isSafeInteger(revision) ? revision : 0;
}

/** What the ReplicaSet was last scaled for; `undefined` when it does not say. */
export function desiredReplicasOf(set: JsonObject): number | undefined {
  const desired = Number(textAt(set, 'metadata', 'annotations', DESIRED_REPLICAS) || Number.NaN);
  return Number.isSafeInteger(desired) ? desired : undefined;
}

/** Annotations of a ReplicaSet that say for which size of the Deployment it was scaled. */
export function scaledAnnotations(deployment: JsonObject, set: JsonObject): JsonObject {
  const desired = replicasOf(deployment);
  return {
    ...objectAt(set, 'metadata', 'annotations'),
    [DESIRED_REPLICAS]: String(desired),
    [MAX_REPLICAS]: String(desired + boundsOf(deployment).maxSurge),
  };
}

/** Those of the Deployment, and the revision; a ReplicaSet that becomes present again remembers the former ones. */
export function revisionAnnotations(deployment: JsonObject, set: JsonObject, revision: number): JsonObject {
  const annotations = new Map(textMapAt(set, 'metadata', 'annotations'));
  for (const [name, value] of textMapAt(deployment, 'metadata', 'annotations'))
    if (!NOT_COPIED.has(name)) annotations.set(name, value);
  const former = revisionOf(set);
  if (former < revision) {
    annotations.set(REVISION, String(revision));
    if (former > 0) {
      const history = annotations.get(REVISION_HISTORY);
      annotations.set(REVISION_HISTORY, history === undefined ? String(former) : `${history},${former}`);
    }
  }
  return fromEntries(annotations);
}

/** The ReplicaSet that a new template gets. */
export function replicaSetFor(
  deployment: JsonObject,
  name: string,
  hash: string,
  revision: number,
  replicas: number,
): JsonObject {
  const template = objectAt(deployment, 'spec', 'template');
  const labels = { ...objectAt(template, 'metadata', 'labels'), [POD_TEMPLATE_HASH]: hash };
  const selector = objectAt(deployment, 'spec', 'selector');
  const matchLabels = { ...objectAt(selector, 'matchLabels'), [POD_TEMPLATE_HASH]: hash };
  const draft: JsonObject = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      labels,
      annotations: revisionAnnotations(deployment, {}, revision),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: fromEntries([
      ['replicas', replicas],
      ['minReadySeconds', valueAt(deployment, 'spec', 'minReadySeconds')],
      ['selector', { ...selector, matchLabels }],
      ['template', { ...template, metadata: { ...objectAt(template, 'metadata'), labels } }],
    ]),
  };
  return { ...draft, metadata: { ...objectAt(draft, 'metadata'), annotations: scaledAnnotations(deployment, draft) } };
}

/** Old ReplicaSets beyond the history that is kept, the oldest revisions first. */
export function beyondHistory(deployment: JsonObject, oldSets: readonly JsonObject[]): readonly JsonObject[] {
  const limit = numberAt(deployment, 'spec', 'revisionHistoryLimit') ?? 10;
  const unused = oldSets.filter((set) => replicasOf(set) === 0 && (numberAt(set, 'status', 'replicas') ?? 0) === 0);
  const seen = unused.filter(
    (set) => (numberAt(set, 'metadata', 'generation') ?? 0) <= (numberAt(set, 'status', 'observedGeneration') ?? 0),
  );
  const surplus = Math.max(0, oldSets.length - limit);
  return byAge(seen)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus);
}
