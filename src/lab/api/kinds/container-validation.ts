/** Containers of pods and of templates, in the order in which the API server looks at them. */
import { dnsLabelProblems, portNameProblems, portNumberProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject } from '../json.ts';
import type { Causes } from './causes.ts';
import { validateOneOf } from './choice-validation.ts';
import { validateEnv, validateEnvFrom } from './env-validation.ts';
import { isGiven, numberAt, objectAt, objectsInPlace, textAt } from '../field-values.ts';
import { validateLifecycle, validateProbe, PROBES } from './probe-validation.ts';
import { validateInnerPath } from './paths-validation.ts';
import { validateResources } from './resource-validation.ts';
import { validateContainerSecurity } from './security-validation.ts';

export interface ContainerContext {
  /** Volumes by name. */
  readonly volumes: ReadonlyMap<string, JsonObject>;
  /** `undefined` when the pod says nothing that makes sense. */
  readonly graceSeconds: number | undefined;
}

export function validateContainers(causes: Causes, spec: JsonObject, path: string, context: ContainerContext): void {
  const field = `${path}.containers`;
  const containers = objectsInPlace(spec, 'containers');
  if (containers.length === 0) {
    causes.required(field);
    return;
  }
  const names = new Set<string>();
  containers.forEach((container, index) => {
    const at = `${field}[${index}]`;
    validateCommon(causes, container, at, context);
    const name = textAt(container, 'name');
    if (names.has(name)) causes.duplicate(`${at}.name`, name);
    names.add(name);
    validateLifecycle(causes, container, context.graceSeconds, at);
    for (const probe of PROBES) validateProbe(causes, container, probe, at);
    if (isGiven(container, 'restartPolicy'))
      causes.forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers');
  });
  validateHostPorts(causes, containers, field);
}

export function validateInitContainers(
  causes: Causes,
  spec: JsonObject,
  path: string,
  context: ContainerContext,
): void {
  const names = new Set(objectsInPlace(spec, 'containers').map((container) => textAt(container, 'name')));
  objectsInPlace(spec, 'initContainers').forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`;
    validateCommon(causes, container, at, context);
    const restartPolicy = get(container, 'restartPolicy') ?? undefined;
    if (restartPolicy !== undefined && restartPolicy !== 'Always')
      causes.unsupported(`${at}.restartPolicy`, restartPolicy, ['Always']);
    const name = textAt(container, 'name');
    if (names.has(name)) causes.duplicate(`${at}.name`, name);
    else if (name !== '') names.add(name);
    validateHostPorts(causes, [container], `${path}.initContainers`);
    if (restartPolicy === 'Always') {
      validateLifecycle(causes, container, context.graceSeconds, at);
      for (const probe of PROBES) validateProbe(causes, container, probe, at);
    } else {
      for (const field of ['lifecycle', ...PROBES])
        if (isGiven(container, field))
          causes.forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always');
    }
  });
}

/** What an ephemeral container may have; the rest would make others rely on it. */
const ephemeralFields = new Set([
  'name',
  'targetContainerName',
  'image',
  'command',
  'args',
  'workingDir',
  'envFrom',
  'env',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
]);
const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

export function validateEphemeralContainers(
  causes: Causes,
  spec: JsonObject,
  path: string,
  context: ContainerContext,
): void {
  const others = new Set(
    [...objectsInPlace(spec, 'containers'), ...objectsInPlace(spec, 'initContainers')].map((each) =>
      textAt(each, 'name'),
    ),
  );
  const names = new Set(others);
  objectsInPlace(spec, 'ephemeralContainers').forEach((container, index) => {
    const at = `${path}.ephemeralContainers[${index}]`;
    validateCommon(causes, container, at, context);
    validateImageSpace(causes, container, at);
    const name = textAt(container, 'name');
    if (names.has(name)) causes.duplicate(`${at}.name`, name);
    names.add(name);
    const target = textAt(container, 'targetContainerName');
    if (target !== '' && !others.has(target)) causes.notFound(`${at}.targetContainerName`, target);
    for (const [field, value] of Object.entries(container)) {
      if (!ephemeralFields.has(field) && !isEmptyValue(value)) causes.forbidden(`${at}.${field}`, NOT_EPHEMERAL);
    }
    objectsInPlace(container, 'volumeMounts').forEach((mount, mountIndex) => {
      for (const field of ['subPath', 'subPathExpr'])
        if (textAt(mount, field) !== '') causes.forbidden(`${at}.volumeMounts[${mountIndex}].${field}`, NOT_EPHEMERAL);
    });
  });
}

function isEmptyValue(value: JsonObject[string]): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function validateCommon(causes: Causes, container: JsonObject, at: string, context: ContainerContext): void {
  const name = textAt(container, 'name');
  if (name === '') causes.required(`${at}.name`);
  else causes.invalidFor(`${at}.name`, name, dnsLabelProblems(name));
  if (textAt(container, 'image') === '') causes.required(`${at}.image`);
  validateOneOf(causes, container, 'terminationMessagePolicy', ['File', 'FallbackToLogsOnError'], at);
  validatePorts(causes, container, at);
  validateEnv(causes, container, at);
  validateEnvFrom(causes, container, at);
  validateMounts(causes, container, at, context.volumes);
  validateOneOf(causes, container, 'imagePullPolicy', ['Always', 'IfNotPresent', 'Never'], at);
  validateResources(causes, objectAt(container, 'resources'), `${at}.resources`);
  validateContainerSecurity(causes, container, at);
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

function validatePorts(causes: Causes, container: JsonObject, path: string): void {
  const names = new Set<string>();
  objectsInPlace(container, 'ports').forEach((port, index) => {
    const at = `${path}.ports[${index}]`;
    const name = textAt(port, 'name');
    if (name !== '') {
      const problems = portNameProblems(name);
      causes.invalidFor(`${at}.name`, name, problems);
      if (problems.length === 0 && names.has(name)) causes.duplicate(`${at}.name`, name);
      names.add(name);
    }
    const containerPort = numberAt(port, 'containerPort') ?? 0;
    if (containerPort === 0) causes.required(`${at}.containerPort`);
    else causes.invalidFor(`${at}.containerPort`, containerPort, portNumberProblems(containerPort));
    const hostPort = numberAt(port, 'hostPort') ?? 0;
    if (hostPort !== 0) causes.invalidFor(`${at}.hostPort`, hostPort, portNumberProblems(hostPort));
    validateOneOf(causes, port, 'protocol', PROTOCOLS, at);
  });
}

function validateHostPorts(causes: Causes, containers: readonly JsonObject[], path: string): void {
  const taken = new Set<string>();
  containers.forEach((container, index) => {
    objectsInPlace(container, 'ports').forEach((port, portIndex) => {
      const hostPort = numberAt(port, 'hostPort') ?? 0;
      if (hostPort === 0) return;
      const key = `${textAt(port, 'protocol')}/${textAt(port, 'hostIP')}/${hostPort}`;
      if (taken.has(key)) causes.duplicate(`${path}[${index}].ports[${portIndex}].hostPort`, key);
      taken.add(key);
    });
  });
}

function validateMounts(
  causes: Causes,
  container: JsonObject,
  path: string,
  volumes: ReadonlyMap<string, JsonObject>,
): void {
  const taken = new Set<string>();
  objectsInPlace(container, 'volumeMounts').forEach((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    const name = textAt(mount, 'name');
    if (name === '') causes.required(`${at}.name`);
    if (!volumes.has(name)) causes.notFound(`${at}.name`, name);
    const mountPath = textAt(mount, 'mountPath');
    if (mountPath === '') causes.required(`${at}.mountPath`);
    if (taken.has(mountPath)) causes.invalid(`${at}.mountPath`, mountPath, 'must be unique');
    taken.add(mountPath);
    const subPath = textAt(mount, 'subPath');
    const expression = textAt(mount, 'subPathExpr');
    if (subPath !== '') validateInnerPath(causes, subPath, `${path}.volumeMounts.subPath`);
    if (expression === '') return;
    if (subPath !== '')
      causes.invalid(`${at}.subPathExpr`, expression, 'subPathExpr and subPath are mutually exclusive');
    validateInnerPath(causes, expression, `${path}.volumeMounts.subPathExpr`);
  });
}

/** What only pods are refused for, not templates. */
export function validateImageSpace(causes: Causes, container: JsonObject, path: string): void {
  const image = textAt(container, 'image');
  if (image.trim() !== image) causes.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
}
