/** What confines the processes of pods and containers. */
import { get, type JsonObject } from '../json.ts';
import { type Causes, rangeProblem } from './causes.ts';
import { isGiven, isTrueAt, numberAt, givenObjectAt, objectAt, textAt, textsInPlace, listAt } from '../field-values.ts';
import { validateInnerPath } from './paths-validation.ts';

const MAX_ID = 0x7fffffff;

/** `securityContext` of a pod or a template. */
export function validatePodSecurity(causes: Causes, spec: JsonObject, path: string): void {
  const security = objectAt(spec, 'securityContext');
  const at = `${path}.securityContext`;
  validateIds(causes, security, ['fsGroup', 'runAsUser', 'runAsGroup'], at);
  listAt(security, 'supplementalGroups').forEach((id, index) => {
    if (typeof id === 'number') validateId(causes, id, `${at}.supplementalGroups[${index}]`);
  });
  if (isTrueAt(spec, 'shareProcessNamespace') && isTrueAt(spec, 'hostPID'))
    causes.invalid(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  validateProfiles(causes, security, at);
}

/** `securityContext` of a container. */
export function validateContainerSecurity(causes: Causes, container: JsonObject, path: string): void {
  const security = givenObjectAt(container, 'securityContext');
  if (security === undefined) return;
  const at = `${path}.securityContext`;
  validateIds(causes, security, ['runAsUser', 'runAsGroup'], at);
  const mount = get(security, 'procMount');
  if (typeof mount === 'string' && !['Default', 'Unmasked'].includes(mount))
    causes.unsupported(`${at}.procMount`, mount, ['Default', 'Unmasked']);
  validateSeccomp(causes, security, at);
  if (get(security, 'allowPrivilegeEscalation') === false) {
    const refuse = (what: string) => {
      causes.invalid(at, security, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`);
    };
    if (isTrueAt(security, 'privileged')) refuse('`privileged` to true');
    if (textsInPlace(objectAt(security, 'capabilities'), 'add').includes('CAP_SYS_ADMIN'))
      refuse('`capabilities.Add` CAP_SYS_ADMIN');
  }
  validateAppArmor(causes, security, at);
}

function validateIds(causes: Causes, security: JsonObject, names: readonly string[], at: string): void {
  for (const name of names) {
    const id = numberAt(security, name);
    if (id !== undefined) validateId(causes, id, `${at}.${name}`);
  }
}

function validateId(causes: Causes, id: number, field: string): void {
  if (id < 0 || id > MAX_ID) causes.invalid(field, id, rangeProblem(0, MAX_ID));
}

function validateProfiles(causes: Causes, security: JsonObject, at: string): void {
  validateSeccomp(causes, security, at);
  validateAppArmor(causes, security, at);
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function validateSeccomp(causes: Causes, security: JsonObject, path: string): void {
  const profile = givenObjectAt(security, 'seccompProfile');
  if (profile === undefined) return;
  const at = `${path}.seccompProfile`;
  const type = textAt(profile, 'type');
  if (type === '') causes.required(`${at}.type`, 'type is required when seccompProfile is set');
  else if (!profileTypes.includes(type)) causes.unsupported(`${at}.type`, type, profileTypes);
  const local = textAt(profile, 'localhostProfile');
  if (type !== 'Localhost') {
    if (isGiven(profile, 'localhostProfile'))
      causes.invalid(`${at}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost');
  } else if (!isGiven(profile, 'localhostProfile'))
    causes.required(`${at}.localhostProfile`, 'must be set when seccomp type is Localhost');
  else validateInnerPath(causes, local, `${at}.localhostProfile`);
}

function validateAppArmor(causes: Causes, security: JsonObject, path: string): void {
  const profile = givenObjectAt(security, 'appArmorProfile');
  if (profile === undefined) return;
  const at = `${path}.appArmorProfile`;
  const type = textAt(profile, 'type');
  const local = textAt(profile, 'localhostProfile');
  if (type === '') causes.required(`${at}.type`, 'type is required when appArmorProfile is set');
  else if (!profileTypes.includes(type)) causes.unsupported(`${at}.type`, type, profileTypes);
  else if (type !== 'Localhost') {
    if (isGiven(profile, 'localhostProfile'))
      causes.invalid(`${at}.localhostProfile`, local, 'can only be set when AppArmor type is Localhost');
  } else if (local.trim() !== local)
    causes.invalid(`${at}.localhostProfile`, local, 'must not be padded with whitespace');
  else if (local === '') causes.required(`${at}.localhostProfile`, 'must be set when AppArmor type is Localhost');
}
