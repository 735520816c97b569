/** Whether a pod may run on a node. Pure. */
import { get, type JsonObject } from '../api/json.ts';
import { conditionOf } from './conditions.ts';
import { isTrueAt, labelsOf, nameOf, objectsAt, textAt, textMapAt, textsAt, valueAt } from '../api/field-values.ts';

export const NOT_READY_TAINT = 'node.kubernetes.io/not-ready';
export const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

export function isReadyNode(node: JsonObject): boolean {
  return textAt(conditionOf(node, 'Ready') ?? {}, 'status') === 'True';
}

/** Why the pod cannot run there, in the scheduler's words; `undefined` when it can. */
export function unfitness(pod: JsonObject, node: JsonObject): string | undefined {
  const tolerations = objectsAt(pod, 'spec', 'tolerations');
  if (isTrueAt(node, 'spec', 'unschedulable') && !isTolerated(UNSCHEDULABLE, tolerations))
    return 'node(s) were unschedulable';
  const taints = objectsAt(node, 'spec', 'taints').filter((taint) => textAt(taint, 'key') !== UNSCHEDULABLE_TAINT);
  // The taint of a node that is not ready may come later than its condition.
  const all =
    isReadyNode(node) || taints.some((taint) => textAt(taint, 'key') === NOT_READY_TAINT)
      ? taints
      : [...taints, NOT_READY];
  const untolerated = all.find(
    (taint) => textAt(taint, 'effect') !== 'PreferNoSchedule' && !isTolerated(taint, tolerations),
  );
  if (untolerated !== undefined)
    return `node(s) had untolerated taint {${textAt(untolerated, 'key')}: ${textAt(untolerated, 'value')}}`;
  return isSelected(pod, node) ? undefined : "node(s) didn't match Pod's node affinity/selector";
}

/** Whether a pod that runs there already may go on, although no new one might come. */
export function mayStay(pod: JsonObject, node: JsonObject): boolean {
  const tolerations = objectsAt(pod, 'spec', 'tolerations');
  const evicts = (taint: JsonObject) => textAt(taint, 'effect') === 'NoExecute' && !isTolerated(taint, tolerations);
  return isSelected(pod, node) && !objectsAt(node, 'spec', 'taints').some(evicts);
}

const UNSCHEDULABLE: JsonObject = { key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' };
const NOT_READY: JsonObject = { key: NOT_READY_TAINT, effect: 'NoSchedule' };

function isTolerated(taint: JsonObject, tolerations: readonly JsonObject[]): boolean {
  return tolerations.some((toleration) => {
    const effect = textAt(toleration, 'effect');
    if (effect !== '' && effect !== textAt(taint, 'effect')) return false;
    const key = textAt(toleration, 'key');
    const exists = textAt(toleration, 'operator') === 'Exists';
    if (key === '') return exists;
    return key === textAt(taint, 'key') && (exists || textAt(toleration, 'value') === textAt(taint, 'value'));
  });
}

/** `nodeSelector` and the required node affinity. */
function isSelected(pod: JsonObject, node: JsonObject): boolean {
  const labels = labelsOf(node);
  for (const [key, value] of textMapAt(pod, 'spec', 'nodeSelector')) if (labels.get(key) !== value) return false;
  const required = valueAt(pod, 'spec', 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution');
  if (required === undefined || required === null) return true;
  const terms = objectsAt({ required }, 'required', 'nodeSelectorTerms');
  return terms.some((term) => isTermMatched(term, node, labels));
}

/** A term without any requirement matches nothing. */
function isTermMatched(term: JsonObject, node: JsonObject, labels: ReadonlyMap<string, string>): boolean {
  const expressions = objectsAt(term, 'matchExpressions');
  const fields = objectsAt(term, 'matchFields');
  if (expressions.length === 0 && fields.length === 0) return false;
  const named = new Map([['metadata.name', nameOf(node)]]);
  return (
    expressions.every((requirement) => isRequirementMet(requirement, labels)) &&
    fields.every((requirement) => isRequirementMet(requirement, named))
  );
}

function isRequirementMet(requirement: JsonObject, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(textAt(requirement, 'key'));
  const values = textsAt(requirement, 'values');
  switch (get(requirement, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** The message of a pod that fits nowhere: each reason with the number of nodes it stands for. */
export function unfitMessage(reasons: readonly string[]): string {
  if (reasons.length === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  const preemption = `preemption: 0/${reasons.length} nodes are available: ${reasons.length} Preemption is not helpful for scheduling.`;
  return `0/${reasons.length} nodes are available: ${parts.join(', ')}. ${preemption}`;
}
