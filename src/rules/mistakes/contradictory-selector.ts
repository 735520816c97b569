import { contradicts, formatSelector } from '../../kube/selectors.ts';
import { objectId } from '../finding.ts';
import { selectorsOf } from '../policy-selectors.ts';
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
  controls: { nsa: ['selectors'] },
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
