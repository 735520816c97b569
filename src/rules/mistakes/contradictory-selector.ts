import type { LabelSelector } from '../../kube/objects.ts';
import { contradicts, formatSelector } from '../../kube/selectors.ts';
import type { AnyPolicy } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { defineRule } from '../rule.ts';

/** M9, catalogue NP104: a selector that no set of labels can satisfy (S49). */
export const contradictorySelector = defineRule({
  name: 'contradictory-selector',
  severity: 'error',
  category: 'mistakes',
  summary: 'the requirements of a selector exclude each other, so it can never match anything',
  fixable: false,
  detectors: ['M9'],
  catalogue: ['NP104'],
  *check(context) {
    for (const policy of context.policies()) {
      for (const selector of selectorsOf(policy)) {
        if (selector.invalid || !contradicts(selector.requirements)) continue;
        yield {
          message: `no labels can ever satisfy ${formatSelector(selector)}`,
          why: 'All requirements of a selector must hold at once; alternatives are the values of one In requirement.',
          help: 'use one requirement with operator In for alternatives, or several list items',
          ...(selector.span === undefined ? {} : { place: selector.span }),
          object: objectId(policy),
          confidence: 'certain',
          key: formatSelector(selector),
        };
      }
    }
  },
});

function* selectorsOf(policy: AnyPolicy): Iterable<LabelSelector> {
  if (policy.kind === 'NetworkPolicy') {
    yield policy.podSelector;
    for (const { peers } of [...policy.ingress, ...policy.egress]) {
      for (const peer of peers) {
        if (peer.type !== 'pods') continue;
        if (peer.namespaceSelector !== undefined) yield peer.namespaceSelector;
        if (peer.podSelector !== undefined) yield peer.podSelector;
      }
    }
    return;
  }
  yield policy.subject.namespaceSelector;
  yield policy.subject.podSelector;
  for (const { peers } of [...policy.ingress, ...policy.egress]) {
    for (const peer of peers) {
      if (peer.type === 'pods') {
        yield peer.namespaceSelector;
        yield peer.podSelector;
      } else if (peer.type === 'nodes') yield peer.selector;
    }
  }
}
