import type { LabelSelector } from '../../kube/objects.ts';
import { objectId } from '../finding.ts';
import { selectorsOf } from '../policy-selectors.ts';
import { defineRule } from '../rule.ts';

/** Labels that controllers write, and why they do not last. */
const UNSTABLE: ReadonlyMap<string, string> = new Map([
  ['pod-template-hash', 'changes with every rollout of a Deployment'],
  ['controller-revision-hash', 'changes with every rollout of a DaemonSet or StatefulSet'],
  ['pod-template-generation', 'changes with every rollout of a DaemonSet'],
  ['controller-uid', 'is new for every run of a Job'],
  ['batch.kubernetes.io/controller-uid', 'is new for every run of a Job'],
  ['job-name', 'is new for every run of a CronJob'],
  ['batch.kubernetes.io/job-name', 'is new for every run of a CronJob'],
  ['statefulset.kubernetes.io/pod-name', 'names one replica only'],
  ['apps.kubernetes.io/pod-index', 'names one replica only'],
]);

/** M8, catalogue NP506. That a label is there at all is a fair question; its value is not. */
export const unstableLabel = defineRule({
  name: 'unstable-label',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a selector rests on a label that a controller changes by itself',
  fixable: false,
  detectors: ['M8'],
  catalogue: ['NP506'],
  *check(context) {
    for (const policy of context.policies()) {
      for (const selector of selectorsOf(policy)) {
        const key = unstableKey(selector);
        if (key === undefined) continue;
        yield {
          message: `label ${key} ${UNSTABLE.get(key) ?? ''}`,
          why: 'Once its value changes the selector means nobody, and nothing says so.',
          help: 'select by a label of your own, written in the pod template',
          ...(selector.span === undefined ? {} : { place: selector.span }),
          object: objectId(policy),
          confidence: 'certain',
          key,
        };
      }
    }
  },
});

function unstableKey({ requirements }: LabelSelector): string | undefined {
  return requirements.find(({ key, operator }) => (operator === 'In' || operator === 'NotIn') && UNSTABLE.has(key))
    ?.key;
}
