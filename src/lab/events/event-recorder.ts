/** Writes core/v1 Events: what `kubectl describe` and `kubectl get events` tell of an object. */
import type { Clock } from '../../io/kubernetes/clock.ts';
import { fromEntries, get, type JsonObject, type JsonValue } from '../api/json.ts';
import { type Rest, systemContext } from '../api/rest/rest.ts';
import { StatusError } from '../api/status-error.ts';
import { type ObjectKey, resourceKey } from '../api/store/object-store.ts';
import { timeText } from '../api/times.ts';
import { nameOf, namespaceOf, textAt, metadataOf } from '../api/field-values.ts';

export interface Happening {
  /** The object as it is stored, or an object with `apiVersion`, `kind` and the `metadata` that is known of it. */
  readonly about: JsonObject;
  /** As `spec.containers{web}`; for what happened to a part of the object. */
  readonly fieldPath?: string | undefined;
  readonly type: 'Normal' | 'Warning';
  /** In CamelCase, as `Scheduled`. */
  readonly reason: string;
  readonly message: string;
  /** `kubelet`, `default-scheduler`, ... */
  readonly component: string;
  /** The node, of what a kubelet says. */
  readonly host?: string | undefined;
}

export interface EventRecorder {
  /**
   * The same happening again counts up the Event that is there. Never throws: an Event that cannot be written (its
   * namespace is gone or going) is nothing to fail for.
   */
  record(happening: Happening): void;
}

export interface EventRecorderOptions {
  /** How many Events a namespace keeps, of those written here; the one that happened longest ago goes first. */
  readonly perNamespace?: number;
  /** What should never happen: refusals of other kinds than a namespace that is not there. */
  readonly onError?: (error: unknown) => void;
}

const EVENTS = { group: '', plural: 'events' };
const NAMESPACES = { group: '', plural: 'namespaces' };
const DEFAULT_PER_NAMESPACE = 2000;
const MAX_MESSAGE = 1024;
/** A name has at most 253 characters, and 17 are for the stamp. */
const MAX_NAME = 236;

/** One for the whole lab: what it counts up is what it has written itself. */
export function eventRecorder(rest: Rest, clock: Clock, options: EventRecorderOptions = {}): EventRecorder {
  const perNamespace = options.perNamespace ?? DEFAULT_PER_NAMESPACE;
  /** By namespace: names of Events by what happened, the longest ago first. */
  const written = new Map<string, Map<string, string>>();
  let stamp = 0n;

  rest.store.subscribe(({ type, resource, object }) => {
    if (type === 'DELETED' && resource === resourceKey(NAMESPACES)) written.delete(nameOf(object));
  });

  const nameFor = (namespace: string, about: string): string => {
    const now = BigInt(Math.trunc(clock.calendarMs())) * 1_000_000n;
    stamp = now > stamp ? now : stamp + 1n;
    let end = Math.min(about.length, MAX_NAME);
    while (end > 0 && !isAlphanumeric(about.charCodeAt(end - 1))) end -= 1;
    const name = (): string => `${about.slice(0, end)}.${stamp.toString(16)}`;
    // Another recorder may have told something in the same moment.
    while (rest.store.find({ ...EVENTS, namespace, name: name() }) !== undefined) stamp += 1n;
    return name();
  };

  const write = (happening: Happening): void => {
    const resource = rest.find('', 'v1', 'events');
    if (resource === undefined) return;
    const reference = referenceTo(happening.about, happening.fieldPath);
    const namespace = textAt(reference, 'namespace') || 'default';
    const context = systemContext(happening.component);
    const what = identity(reference, happening);
    const names = written.get(namespace) ?? new Map<string, string>();
    const now = timeText(clock.calendarMs());

    const known = names.get(what);
    const key = (name: string): ObjectKey => ({ ...EVENTS, namespace, name });
    const before = known === undefined ? undefined : rest.store.find(key(known));
    if (known !== undefined) names.delete(what);
    if (known !== undefined && before !== undefined) {
      const count = Number(get(before, 'count') ?? 1) + 1;
      rest.update({ resource, namespace, name: known }, { ...before, count, lastTimestamp: now }, context);
      names.set(what, known);
      return;
    }
    const name = nameFor(namespace, textAt(reference, 'name'));
    rest.create({ resource, namespace }, eventObject(happening, reference, { name, namespace }, now), context);
    names.set(what, name);
    written.set(namespace, names);
    if (names.size <= perNamespace) return;
    const [oldest] = names;
    if (oldest === undefined) return;
    names.delete(oldest[0]);
    if (rest.store.find(key(oldest[1])) !== undefined)
      rest.delete({ resource, namespace, name: oldest[1] }, {}, context);
  };

  return {
    record: (happening) => {
      try {
        write(happening);
      } catch (error) {
        const lost = error instanceof StatusError && (error.reason === 'NotFound' || error.reason === 'Forbidden');
        if (lost) written.delete(namespaceOf(happening.about) || 'default');
        else options.onError?.(error);
      }
    },
  };
}

function eventObject(
  { type, reason, message, component, host }: Happening,
  involvedObject: JsonObject,
  metadata: { readonly name: string; readonly namespace: string },
  now: string,
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata,
    involvedObject,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    source: { component, ...(host === undefined ? {} : { host }) },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type,
    reportingComponent: component,
    ...(host === undefined ? {} : { reportingInstance: host }),
  };
}

function referenceTo(about: JsonObject, fieldPath: string | undefined): JsonObject {
  const metadata = metadataOf(about);
  const known = (object: JsonObject, name: string): [string, JsonValue | undefined] => [
    name,
    textAt(object, name) || undefined,
  ];
  return fromEntries([
    known(about, 'kind'),
    known(metadata, 'namespace'),
    known(metadata, 'name'),
    known(metadata, 'uid'),
    known(about, 'apiVersion'),
    known(metadata, 'resourceVersion'),
    ['fieldPath', fieldPath],
  ]);
}

/** Two happenings with the same one are counted, not told twice. */
function identity(reference: JsonObject, { type, reason, message, component, host }: Happening): string {
  const parts = ['kind', 'name', 'uid', 'fieldPath'].map((name) => textAt(reference, name));
  return JSON.stringify([...parts, type, reason, message, component, host ?? '']);
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}
