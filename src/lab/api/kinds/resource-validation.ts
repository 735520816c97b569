/** What containers ask for and what they are limited to. */
import { labelKeyProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject, type JsonValue } from '../json.ts';
import { type Causes, NOT_NEGATIVE } from './causes.ts';
import { objectAt } from '../field-values.ts';
import { parseQuantity } from './quantity.ts';

const NANO = 10n ** 9n;
/** Standard as well, though not for containers. */
const quotaResources = new Set(['configmaps', 'persistentvolumeclaims', 'pods', 'secrets', 'services', 'storage']);
const standardResources = ['cpu', 'ephemeral-storage', 'memory'];

export function validateResources(causes: Causes, resources: JsonObject, path: string): void {
  const limits = objectAt(resources, 'limits');
  const requests = objectAt(resources, 'requests');
  for (const [name, value] of sorted(limits)) validateQuantity(causes, name, value, `${path}.limits`);
  for (const [name, value] of sorted(requests)) {
    validateQuantity(causes, name, value, `${path}.requests`);
    const request = parseQuantity(value);
    const limit = parseQuantity(get(limits, name));
    if (limit === undefined && !mayOvercommit(name))
      causes.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    if (request === undefined || limit === undefined) continue;
    const field = `${path}.requests`;
    if (!mayOvercommit(name) && request.nanos !== limit.nanos)
      causes.invalid(field, value, `must be equal to ${name} limit of ${shown(get(limits, name))}`);
    else if (request.nanos > limit.nanos)
      causes.invalid(field, value, `must be less than or equal to ${name} limit of ${shown(get(limits, name))}`);
  }
}

function sorted(list: JsonObject): readonly (readonly [string, JsonValue | undefined])[] {
  return Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1));
}

function shown(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Requests of others must be their limits. */
function mayOvercommit(name: string): boolean {
  return isNative(name) && !name.startsWith('hugepages-');
}

function validateQuantity(causes: Causes, name: string, value: JsonValue | undefined, path: string): void {
  const field = `${path}[${name}]`;
  const problems = labelKeyProblems(name);
  causes.invalidFor(field, name, problems);
  if (problems.length === 0 && !name.includes('/') && !isStandard(name)) {
    if (!quotaResources.has(name)) causes.invalid(field, name, 'must be a standard resource type or fully qualified');
    causes.invalid(field, name, 'must be a standard resource for containers');
  }
  const quantity = parseQuantity(value);
  if (quantity === undefined) {
    causes.invalid(
      field,
      value,
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
    return;
  }
  if (quantity.nanos < 0n) causes.invalid(field, value, NOT_NEGATIVE);
  if (name.includes('/') && !isNative(name) && quantity.nanos % NANO !== 0n)
    causes.invalid(field, value, 'must be an integer');
}

function isStandard(name: string): boolean {
  return standardResources.includes(name) || name.startsWith('hugepages-');
}
