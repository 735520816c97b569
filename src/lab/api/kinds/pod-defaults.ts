/** What the API server fills into pods and templates of pods, beyond the constants of the type table. */
import { fromEntries, get, isObject, type JsonObject, type JsonValue, withFields } from '../json.ts';
import {
  isGiven,
  isTrueAt,
  numberAt,
  givenObjectAt,
  objectAt,
  objectsInPlace,
  textAt,
  withMissing,
} from '../field-values.ts';
import { imageTag } from './image.ts';
import { canonicalQuantity, parseQuantity } from './quantity.ts';

/** Of `spec` of a pod or a template. */
export function withPodSpecDefaults(spec: JsonObject): JsonObject {
  const onHost = isTrueAt(spec, 'hostNetwork');
  const account = textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount');
  return withFields(spec, {
    ...mapped(spec, 'initContainers', (container) => withContainerDefaults(container, onHost)),
    ...mapped(spec, 'containers', (container) => withContainerDefaults(container, onHost)),
    ...mapped(spec, 'ephemeralContainers', (container) =>
      withContainerDefaults(
        withMissing(container, {
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          resources: {},
        }),
        onHost,
      ),
    ),
    ...mapped(spec, 'volumes', withVolumeDefaults),
    // The two names are one field.
    ...(account === '' ? {} : { serviceAccountName: account, serviceAccount: account }),
  });
}

function mapped(object: JsonObject, name: string, change: (item: JsonObject) => JsonObject): JsonObject {
  const value = get(object, name);
  if (!Array.isArray(value)) return {};
  return { [name]: (value as readonly JsonValue[]).map((item) => (isObject(item) ? change(item) : item)) };
}

function withContainerDefaults(container: JsonObject, onHost: boolean): JsonObject {
  const pulled = imageTag(textAt(container, 'image')) === 'latest' ? 'Always' : 'IfNotPresent';
  const resources = givenObjectAt(container, 'resources');
  return withFields(
    textAt(container, 'imagePullPolicy') === '' ? withFields(container, { imagePullPolicy: pulled }) : container,
    {
      ...(resources === undefined ? {} : { resources: withCanonicalQuantities(resources) }),
      ...(onHost ? mapped(container, 'ports', withHostPort) : {}),
    },
  );
}

/** The port of the container is a port of the node. */
function withHostPort(port: JsonObject): JsonObject {
  if ((numberAt(port, 'hostPort') ?? 0) !== 0) return port;
  return withFields(port, { hostPort: get(port, 'containerPort') });
}

function withCanonicalQuantities(resources: JsonObject): JsonObject {
  const canonical = (name: string): JsonObject => {
    const list = givenObjectAt(resources, name);
    if (list === undefined) return {};
    return { [name]: fromEntries(Object.entries(list).map(([key, value]) => [key, canonicalValue(value)] as const)) };
  };
  return withFields(resources, { ...canonical('limits'), ...canonical('requests') });
}

function canonicalValue(value: JsonValue | undefined): JsonValue | undefined {
  const quantity = parseQuantity(value);
  return quantity === undefined ? value : canonicalQuantity(quantity);
}

/** A volume that says nothing is an empty directory. */
function withVolumeDefaults(volume: JsonObject): JsonObject {
  const hasSource = Object.keys(volume).some((name) => name !== 'name' && isGiven(volume, name));
  return hasSource ? volume : withFields(volume, { emptyDir: {} });
}

/** What only pods get, not templates: requests that are missing are the limits, and what admission adds. */
export function withPodDefaults(pod: JsonObject): JsonObject {
  const spec = withPodSpecDefaults(objectAt(pod, 'spec'));
  const account = textAt(spec, 'serviceAccountName') || 'default';
  const admitted = withMissing(spec, { priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  return withFields(pod, {
    spec: withFields(withLostNodeTolerations(admitted), {
      ...mapped(spec, 'initContainers', withRequests),
      ...mapped(spec, 'containers', withRequests),
      serviceAccountName: account,
      serviceAccount: account,
    }),
  });
}

function withRequests(container: JsonObject): JsonObject {
  const resources = objectAt(container, 'resources');
  const limits = givenObjectAt(resources, 'limits');
  if (limits === undefined) return container;
  const requests = withMissing(objectAt(resources, 'requests'), limits);
  return withFields(container, { resources: withFields(resources, { requests }) });
}

const lostNodes = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const LOST_NODE_SECONDS = 300;

/** Every pod stays five minutes on a node that is lost, unless it says what else it wants. */
export function withLostNodeTolerations(spec: JsonObject): JsonObject {
  const tolerations = objectsInPlace(spec, 'tolerations');
  const missing = lostNodes.filter(
    (key) =>
      !tolerations.some(
        (toleration) =>
          ['', key].includes(textAt(toleration, 'key')) && ['', 'NoExecute'].includes(textAt(toleration, 'effect')),
      ),
  );
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: LOST_NODE_SECONDS,
  }));
  return added.length === 0 ? spec : withFields(spec, { tolerations: [...tolerations, ...added] });
}

/** How sure it can be of what it asked for. */
export function qosClass(spec: JsonObject): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const containers = [...objectsInPlace(spec, 'initContainers'), ...objectsInPlace(spec, 'containers')];
  const resources = containers.map((container) => objectAt(container, 'resources'));
  const asks = resources.some((each) => amounts(each, 'requests').size + amounts(each, 'limits').size > 0);
  if (!asks) return 'BestEffort';
  const guaranteed = resources.every((each) => {
    const limits = amounts(each, 'limits');
    const requests = amounts(each, 'requests');
    return limits.size === 2 && [...limits].every(([name, limit]) => (requests.get(name) ?? limit) === limit);
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Of CPU and memory, without zeros. */
function amounts(resources: JsonObject, name: string): ReadonlyMap<string, bigint> {
  const list = objectAt(resources, name);
  return new Map(
    ['cpu', 'memory'].flatMap((key) => {
      const nanos = parseQuantity(get(list, key))?.nanos ?? 0n;
      return nanos > 0n ? [[key, nanos] as const] : [];
    }),
  );
}
