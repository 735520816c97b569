/** Nodes. */
import { parseCidr } from '../../../base/inet-parse.ts';
import { labelKeyProblems, labelValueProblems } from '../../../kube/syntax.ts';
import { sameJson, type JsonObject, withFields } from '../json.ts';
import { Causes } from './causes.ts';
import { objectAt, objectsInPlace, textAt, textsInPlace } from '../field-values.ts';
import type { Strategy } from './strategy.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export const nodeStrategy: Strategy = {
  prepareCreate: withBothRanges,
  prepareUpdate: withBothRanges,
  validate: (node) => {
    const causes = new Causes();
    const spec = objectAt(node, 'spec');
    validateTaints(causes, objectsInPlace(spec, 'taints'));
    const ranges = textsInPlace(spec, 'podCIDRs');
    ranges.forEach((range, index) => {
      if (parseCidr(range) === undefined)
        causes.invalid(
          `spec.podCIDRs[${index}]`,
          range,
          'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        );
      if (ranges.indexOf(range) < index) causes.duplicate(`spec.podCIDRs[${index}]`, range);
    });
    const families = new Set(ranges.map((range) => range.includes(':')));
    if (families.size < ranges.length)
      causes.invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family');
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    const [spec, old] = [objectAt(next, 'spec'), objectAt(before, 'spec')];
    const ranges = textsInPlace(old, 'podCIDRs');
    if (ranges.length > 0 && !sameJson(ranges, textsInPlace(spec, 'podCIDRs')))
      causes.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
    const provider = textAt(old, 'providerID');
    if (provider !== '' && provider !== textAt(spec, 'providerID'))
      causes.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
    return causes.all;
  },
};

/** The two fields for the same thing. */
function withBothRanges(node: JsonObject): JsonObject {
  const spec = objectAt(node, 'spec');
  const ranges = textsInPlace(spec, 'podCIDRs');
  const range = textAt(spec, 'podCIDR');
  const [first] = ranges;
  if (first === undefined && range !== '') return withFields(node, { spec: withFields(spec, { podCIDRs: [range] }) });
  return first === undefined ? node : withFields(node, { spec: withFields(spec, { podCIDR: first }) });
}

/** The server names them by this path. */
const TAINTS = 'metadata.taints';

function validateTaints(causes: Causes, taints: readonly JsonObject[]): void {
  const taken = new Set<string>();
  taints.forEach((taint, index) => {
    const at = `${TAINTS}[${index}]`;
    const [key, value, effect] = [textAt(taint, 'key'), textAt(taint, 'value'), textAt(taint, 'effect')];
    causes.invalidFor(`${at}.key`, key, labelKeyProblems(key));
    const problems = labelValueProblems(value);
    if (problems.length > 0) causes.invalid(`${at}.value`, value, problems.join(';'));
    if (effect === '') causes.required(`${at}.effect`);
    else if (!EFFECTS.includes(effect)) causes.unsupported(`${at}.effect`, effect, EFFECTS);
    const pair = `${effect} ${key}`;
    if (taken.has(pair)) causes.duplicate(at, taint, 'taints must be unique by key and effect pair');
    taken.add(pair);
  });
}
