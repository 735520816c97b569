/** What a pod tells its programs of itself: `fieldRef` and `resourceFieldRef`. */
import type { JsonObject } from '../api/json.ts';
import { objectsAt, textAt, textMapAt } from '../api/field-values.ts';
import { StartRefusal } from './start-refusal.ts';

/** What the kubelet knows of a pod beside its object. */
export interface PodFacts {
  readonly pod: JsonObject;
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  /** Where a container has no limit of its own, by resource. */
  readonly allocatable: ReadonlyMap<string, string>;
}

/** Throws `StartRefusal` for a path that there is none of. */
export function fieldValue({ pod, podIPs, hostIPs }: PodFacts, path: string): string {
  switch (path) {
    case 'metadata.name':
    case 'metadata.namespace':
    case 'metadata.uid':
    case 'spec.nodeName':
    case 'spec.serviceAccountName':
      return textAt(pod, ...path.split('.'));
    case 'status.hostIP':
      return hostIPs[0] ?? '';
    case 'status.hostIPs':
      return hostIPs.join(',');
    case 'status.podIP':
      return podIPs[0] ?? '';
    case 'status.podIPs':
      return podIPs.join(',');
    case 'metadata.labels':
    case 'metadata.annotations':
      return lines(textMapAt(pod, ...path.split('.')));
    default:
      return subscriptValue(pod, path);
  }
}

function subscriptValue(pod: JsonObject, path: string): string {
  for (const map of ['metadata.labels', 'metadata.annotations'])
    if (path.startsWith(`${map}['`) && path.endsWith("']"))
      return textMapAt(pod, ...map.split('.')).get(path.slice(map.length + 2, -2)) ?? '';
  throw new StartRefusal('CreateContainerConfigError', `unsupported fieldPath: ${path}`);
}

/** `name="value"`, a line each. */
function lines(map: ReadonlyMap<string, string>): string {
  return [...map]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join('\n');
}

/** Of the container that the selector names, else of `container`. Throws `StartRefusal`. */
export function resourceValue(facts: PodFacts, selector: JsonObject, container: JsonObject | undefined): string {
  const named = textAt(selector, 'containerName');
  const spec = facts.pod;
  const of =
    named === ''
      ? container
      : [...objectsAt(spec, 'spec', 'containers'), ...objectsAt(spec, 'spec', 'initContainers')].find(
          (each) => textAt(each, 'name') === named,
        );
  if (of === undefined) throw new StartRefusal('CreateContainerConfigError', `container ${named} not found`);
  const resource = textAt(selector, 'resource');
  const dot = resource.indexOf('.');
  const [kind, name] = [resource.slice(0, dot), resource.slice(dot + 1)];
  if ((kind !== 'limits' && kind !== 'requests') || name === '')
    throw new StartRefusal('CreateContainerConfigError', `unsupported container resource : ${resource}`);
  const own = quantityAt(of, kind, name);
  const text = own ?? (kind === 'limits' ? facts.allocatable.get(name) : undefined) ?? '0';
  const value = quantity(text);
  const divisor = quantity(quantityText(selector, 'divisor') ?? '1');
  if (value === undefined || divisor === undefined || divisor < 0)
    throw new StartRefusal('CreateContainerConfigError', `${resource}: not a quantity`);
  return String(Math.ceil(value / (divisor === 0 ? 1 : divisor)));
}

function quantityAt(container: JsonObject, kind: string, name: string): string | undefined {
  return textMapAt(container, 'resources', kind).get(name);
}

function quantityText(object: JsonObject, name: string): string | undefined {
  const text = textAt(object, name);
  return text === '' ? undefined : text;
}

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ['Ki', 1024],
  ['Mi', 1024 ** 2],
  ['Gi', 1024 ** 3],
  ['Ti', 1024 ** 4],
  ['Pi', 1024 ** 5],
  ['Ei', 1024 ** 6],
]);

/** `500m` is 0.5; `undefined` for what is none. */
export function quantity(text: string): number | undefined {
  const parts = /^([+-]?[0-9]{0,30}(?:\.[0-9]{0,30})?)(?:([eE][+-]?[0-9]{1,3})|([A-Za-z]{0,2}))$/.exec(text);
  if (parts === null) return undefined;
  const [, digits = '', exponent = '', suffix = ''] = parts;
  const factor = SUFFIXES.get(suffix);
  const number = Number(digits + exponent);
  return digits === '' || factor === undefined || Number.isNaN(number) ? undefined : number * factor;
}
