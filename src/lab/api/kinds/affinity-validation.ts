/** Where pods want to run: node selectors, affinities, tolerations, spreading. */
import { dnsLabelProblems, labelKeyProblems, labelValueProblems, subdomainProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject, withFields } from '../json.ts';
import { type Causes, NOT_POSITIVE } from './causes.ts';
import {
  isGiven,
  numberAt,
  givenObjectAt,
  objectAt,
  objectsInPlace,
  sortedTextsAt,
  textAt,
  textsInPlace,
} from '../field-values.ts';
import { validateLabelSelector } from './label-selector.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function validateAffinity(causes: Causes, spec: JsonObject, path: string): void {
  const affinity = objectAt(spec, 'affinity');
  const field = `${path}.affinity`;
  validateNodeAffinity(causes, objectAt(affinity, 'nodeAffinity'), `${field}.nodeAffinity`);
  for (const name of ['podAffinity', 'podAntiAffinity']) {
    const part = objectAt(affinity, name);
    objectsInPlace(part, REQUIRED).forEach((term, index) => {
      validatePodTerm(causes, term, `${field}.${name}.${REQUIRED}[${index}]`);
    });
    objectsInPlace(part, PREFERRED).forEach((weighted, index) => {
      const at = `${field}.${name}.${PREFERRED}[${index}]`;
      validateWeight(causes, weighted, at);
      validatePodTerm(causes, objectAt(weighted, 'podAffinityTerm'), `${at}.podAffinityTerm`);
    });
  }
}

function validateWeight(causes: Causes, weighted: JsonObject, at: string): void {
  const weight = numberAt(weighted, 'weight') ?? 0;
  if (weight <= 0 || weight > 100) causes.invalid(`${at}.weight`, weight, 'must be in the range 1-100');
}

function validateNodeAffinity(causes: Causes, affinity: JsonObject, field: string): void {
  const required = givenObjectAt(affinity, REQUIRED);
  if (required !== undefined) {
    const at = `${field}.${REQUIRED}.nodeSelectorTerms`;
    const terms = objectsInPlace(required, 'nodeSelectorTerms');
    if (terms.length === 0) causes.required(at, 'must have at least one node selector term');
    terms.forEach((term, index) => validateNodeTerm(causes, term, `${at}[${index}]`, true));
  }
  objectsInPlace(affinity, PREFERRED).forEach((weighted, index) => {
    const at = `${field}.${PREFERRED}[${index}]`;
    validateWeight(causes, weighted, at);
    validateNodeTerm(causes, objectAt(weighted, 'preference'), `${at}.preference`, false);
  });
}

function validateNodeTerm(causes: Causes, term: JsonObject, at: string, checksValues: boolean): void {
  objectsInPlace(term, 'matchExpressions').forEach((expression, index) => {
    const field = `${at}.matchExpressions[${index}]`;
    const values = textsInPlace(expression, 'values');
    switch (get(expression, 'operator')) {
      case 'In':
      case 'NotIn':
        if (values.length === 0)
          causes.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0)
          causes.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        break;
      case 'Gt':
      case 'Lt':
        if (values.length !== 1)
          causes.required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        break;
      default:
        causes.invalid(`${field}.operator`, textAt(expression, 'operator'), 'not a valid selector operator');
    }
    const key = textAt(expression, 'key');
    causes.invalidFor(`${field}.key`, key, labelKeyProblems(key));
    if (!checksValues) return;
    values.forEach((value, valueIndex) => {
      causes.invalidFor(`${field}.values[${valueIndex}]`, value, labelValueProblems(value));
    });
  });
  objectsInPlace(term, 'matchFields').forEach((requirement, index) => {
    const field = `${at}.matchFields[${index}]`;
    const operator = textAt(requirement, 'operator');
    const values = textsInPlace(requirement, 'values');
    if (operator !== 'In' && operator !== 'NotIn')
      causes.invalid(`${field}.operator`, operator, 'not a valid selector operator');
    else if (values.length !== 1)
      causes.required(
        `${field}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      );
    const key = textAt(requirement, 'key');
    if (key !== 'metadata.name') causes.invalid(`${field}.key`, key, 'not a valid field selector key');
    else
      values.forEach((value, valueIndex) => {
        causes.invalidFor(`${field}.values[${valueIndex}]`, value, subdomainProblems(value));
      });
  });
}

function validatePodTerm(causes: Causes, term: JsonObject, at: string): void {
  for (const name of ['labelSelector', 'namespaceSelector']) {
    const selector = givenObjectAt(term, name);
    if (selector !== undefined) validateLabelSelector(causes, selector, `${at}.${name}`);
  }
  for (const name of textsInPlace(term, 'namespaces'))
    causes.invalidFor(`${at}.namespace`, name, dnsLabelProblems(name));
  const key = textAt(term, 'topologyKey');
  if (key === '') causes.required(`${at}.topologyKey`, 'can not be empty');
  causes.invalidFor(`${at}.topologyKey`, key, labelKeyProblems(key));
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(causes: Causes, spec: JsonObject, path: string): void {
  objectsInPlace(spec, 'tolerations').forEach((toleration, index) => {
    const at = `${path}.tolerations[${index}]`;
    const key = textAt(toleration, 'key');
    const operator = textAt(toleration, 'operator');
    const effect = textAt(toleration, 'effect');
    if (key !== '') causes.invalidFor(`${at}.key`, key, labelKeyProblems(key));
    else if (operator !== 'Exists')
      causes.invalid(
        `${at}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    if (isGiven(toleration, 'tolerationSeconds') && effect !== 'NoExecute')
      causes.invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    const value = textAt(toleration, 'value');
    if (operator === '' || operator === 'Equal') {
      const problems = labelValueProblems(value);
      if (problems.length > 0) causes.invalid(`${at}.operator`, value, problems.join(';'));
    } else if (operator !== 'Exists') causes.unsupported(`${at}.operator`, operator, ['Equal', 'Exists']);
    else if (value !== '') causes.invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'");
    if (effect !== '' && !EFFECTS.includes(effect)) causes.unsupported(`${at}.effect`, effect, EFFECTS);
  });
}

/** Those that a pod has may only get other times. */
export function keepsTolerations(next: JsonObject, before: JsonObject): boolean {
  const key = (toleration: JsonObject) =>
    JSON.stringify(Object.entries(withFields(toleration, { tolerationSeconds: undefined })).sort(compareEntries));
  const kept = new Set(objectsInPlace(next, 'tolerations').map(key));
  return objectsInPlace(before, 'tolerations').every((toleration) => kept.has(key(toleration)));
}

function compareEntries([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const unsatisfiable = ['DoNotSchedule', 'ScheduleAnyway'];

const inclusionPolicies = ['Honor', 'Ignore'];

export function validateTopologySpread(causes: Causes, spec: JsonObject, path: string): void {
  const constraints = objectsInPlace(spec, 'topologySpreadConstraints');
  const pairs = constraints.map((each) => `{${textAt(each, 'topologyKey')}, ${textAt(each, 'whenUnsatisfiable')}}`);
  const last = new Map(pairs.map((pair, index) => [pair, index]));
  constraints.forEach((constraint, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`;
    const skew = numberAt(constraint, 'maxSkew') ?? 0;
    if (skew <= 0) causes.invalid(`${at}.maxSkew`, skew, NOT_POSITIVE);
    if (textAt(constraint, 'topologyKey') === '') causes.required(`${at}.topologyKey`, 'can not be empty');
    const action = textAt(constraint, 'whenUnsatisfiable');
    if (!unsatisfiable.includes(action)) causes.unsupported(`${at}.whenUnsatisfiable`, action, unsatisfiable);
    const pair = pairs[index] ?? '';
    if (last.get(pair) !== index) causes.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
    const domains = numberAt(constraint, 'minDomains');
    if (domains !== undefined && domains <= 0) causes.invalid(`${at}.minDomains`, domains, NOT_POSITIVE);
    if (domains !== undefined && action !== 'DoNotSchedule')
      causes.invalid(
        `${at}.minDomains`,
        domains,
        `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`,
      );
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy']) {
      const policy = get(constraint, name);
      if (typeof policy === 'string' && !inclusionPolicies.includes(policy))
        causes.unsupported(`${at}.${name}`, policy, inclusionPolicies);
    }
    const selector = givenObjectAt(constraint, 'labelSelector');
    if (selector !== undefined) validateLabelSelector(causes, selector, `${at}.labelSelector`);
  });
}

export function validateNodeSelector(causes: Causes, spec: JsonObject, path: string): void {
  for (const [key, value] of sortedTextsAt(spec, 'nodeSelector')) {
    causes.invalidFor(`${path}.nodeSelector`, key, labelKeyProblems(key));
    causes.invalidFor(`${path}.nodeSelector`, value, labelValueProblems(value));
  }
}
