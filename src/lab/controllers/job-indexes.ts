/** Jobs whose pods are numbered: completion mode `Indexed`. */
import type { JsonObject } from '../api/json.ts';
import { objectsAt, textAt } from '../api/field-values.ts';

export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

/** `undefined` for a pod without a number. */
export function indexOf(pod: JsonObject): number | undefined {
  const text = textAt(pod, 'metadata', 'annotations', COMPLETION_INDEX);
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The lowest numbers below `completions` that are not taken, at most so many. */
export function missingIndexes(completions: number, taken: ReadonlySet<number>, most: number): readonly number[] {
  const missing: number[] = [];
  for (let index = 0; index < completions && missing.length < most; index += 1)
    if (!taken.has(index)) missing.push(index);
  return missing;
}

/** `0,1,3-5`, as the status of a Job has them: three and more in a row are written as a range. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].filter((index) => index >= 0).sort((a, b) => a - b);
  const ranges: [first: number, last: number][] = [];
  for (const index of sorted) {
    const open = ranges.at(-1);
    if (open !== undefined && open[1] === index - 1) open[1] = index;
    else ranges.push([index, index]);
  }
  return ranges
    .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
    .join(',');
}

/** What the template's spec becomes for one number: a host name, and the number in the environment. */
export function indexedSpec(spec: JsonObject, job: string, index: number): JsonObject {
  const withIndex = (container: JsonObject): JsonObject => {
    const env = objectsAt(container, 'env').filter((each) => textAt(each, 'name') !== 'JOB_COMPLETION_INDEX');
    const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
    return { ...container, env: [...env, { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } }] };
  };
  const initContainers = objectsAt(spec, 'initContainers').map(withIndex);
  return {
    hostname: `${job}-${index}`,
    containers: objectsAt(spec, 'containers').map(withIndex),
    ...(initContainers.length === 0 ? {} : { initContainers }),
  };
}
