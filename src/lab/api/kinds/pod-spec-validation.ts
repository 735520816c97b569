/** The `spec` of a pod or of a template, in the order in which the API server looks at it. */
import { dnsLabelProblems, labelKeyProblems, subdomainProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject } from '../json.ts';
import { validateIp } from './addresses-validation.ts';
import {
  validateAffinity,
  validateNodeSelector,
  validateTolerations,
  validateTopologySpread,
} from './affinity-validation.ts';
import { type Causes, rangeProblem } from './causes.ts';
import { validateOneOf } from './choice-validation.ts';
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './container-validation.ts';
import { isTrueAt, numberAt, givenObjectAt, objectsInPlace, textAt, textsInPlace } from '../field-values.ts';
import { validatePodSecurity } from './security-validation.ts';
import { validateVolumes } from './volume-validation.ts';

const MAX_INT32 = 0x7fffffff;

/** `path` is that of the spec: `spec`, `spec.template.spec`. */
export function validatePodSpec(causes: Causes, spec: JsonObject, path: string, isPod: boolean): void {
  const graceSeconds = numberAt(spec, 'terminationGracePeriodSeconds');
  if (graceSeconds === undefined) causes.required(`${path}.terminationGracePeriodSeconds`);
  const volumes = validateVolumes(causes, spec, path);
  const context = { volumes, graceSeconds };
  validateContainers(causes, spec, path, context);
  validateInitContainers(causes, spec, path, context);
  validateEphemeralContainers(causes, spec, path, context);
  if (isTrueAt(spec, 'hostNetwork')) validateHostNetworkPorts(causes, spec, path, isPod);
  validateOneOf(causes, spec, 'restartPolicy', ['Always', 'OnFailure', 'Never'], path);
  validateOneOf(causes, spec, 'dnsPolicy', ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], path);
  validateNodeSelector(causes, spec, path);
  validatePodSecurity(causes, spec, path);
  validateAffinity(causes, spec, path);
  validateDnsConfig(causes, spec, path);
  validateGates(causes, spec, path);
  validateTopologySpread(causes, spec, path);
  validateNames(causes, spec, path);
  const deadline = numberAt(spec, 'activeDeadlineSeconds');
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    causes.invalid(`${path}.activeDeadlineSeconds`, deadline, rangeProblem(1, MAX_INT32));
  validateHostNames(causes, spec, path);
  validateTolerations(causes, spec, path);
  validateHostAliases(causes, spec, path);
  const preemption = textAt(spec, 'preemptionPolicy');
  if (preemption !== '' && !['PreemptLowerPriority', 'Never'].includes(preemption))
    causes.unsupported(`${path}.preemptionPolicy`, preemption, ['PreemptLowerPriority', 'Never']);
}

function validateHostNetworkPorts(causes: Causes, spec: JsonObject, path: string, isPod: boolean): void {
  objectsInPlace(spec, 'containers').forEach((container, index) => {
    objectsInPlace(container, 'ports').forEach((port, portIndex) => {
      const hostPort = numberAt(port, 'hostPort') ?? 0;
      if ((isPod || hostPort !== 0) && hostPort !== (numberAt(port, 'containerPort') ?? 0))
        causes.invalid(
          `${path}.containers[${index}].ports[${portIndex}].hostPort`,
          hostPort,
          'must match `containerPort` when `hostNetwork` is true',
        );
    });
  });
}

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

function validateDnsConfig(causes: Causes, spec: JsonObject, path: string): void {
  const config = givenObjectAt(spec, 'dnsConfig');
  const at = `${path}.dnsConfig`;
  if (get(spec, 'dnsPolicy') === 'None') {
    if (config === undefined) {
      causes.required(at, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (textsInPlace(config, 'nameservers').length === 0) {
      causes.required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
      return;
    }
  }
  if (config === undefined) return;
  const servers = textsInPlace(config, 'nameservers');
  if (servers.length > MAX_NAMESERVERS)
    causes.invalid(`${at}.nameservers`, servers, `must not have more than ${MAX_NAMESERVERS} nameservers`);
  servers.forEach((server, index) => validateIp(causes, server, `${at}.nameservers[${index}]`));
  const searches = textsInPlace(config, 'searches');
  if (searches.length > MAX_SEARCHES)
    causes.invalid(`${at}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`);
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS)
    causes.invalid(
      `${at}.searches`,
      searches,
      `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`,
    );
  searches.forEach((search, index) => {
    // Underscores are welcome here, and a dot alone is the root.
    const name = search.replace(/\.$/, '').replaceAll('_', '-');
    if (search !== '.') causes.invalidFor(`${at}.searches[${index}]`, search, subdomainProblems(name));
  });
  objectsInPlace(config, 'options').forEach((option, index) => {
    if (textAt(option, 'name') === '') causes.required(`${at}.options[${index}]`, 'must not be empty');
  });
}

function validateGates(causes: Causes, spec: JsonObject, path: string): void {
  objectsInPlace(spec, 'readinessGates').forEach((gate, index) => {
    const type = textAt(gate, 'conditionType');
    causes.invalidFor(`${path}.readinessGates[${index}].conditionType`, type, labelKeyProblems(type));
  });
  const names = new Set<string>();
  objectsInPlace(spec, 'schedulingGates').forEach((gate, index) => {
    const name = textAt(gate, 'name');
    const field = `${path}.schedulingGates[${index}]`;
    causes.invalidFor(field, name, labelKeyProblems(name));
    if (names.has(name)) causes.duplicate(field, name);
    names.add(name);
  });
}

/** Names of other objects. */
function validateNames(causes: Causes, spec: JsonObject, path: string): void {
  for (const name of ['serviceAccountName', 'nodeName']) {
    const value = textAt(spec, name);
    if (value !== '') causes.invalidFor(`${path}.${name}`, value, subdomainProblems(value));
  }
}

function validateHostNames(causes: Causes, spec: JsonObject, path: string): void {
  for (const name of ['hostname', 'subdomain']) {
    const value = textAt(spec, name);
    if (value !== '') causes.invalidFor(`${path}.${name}`, value, dnsLabelProblems(value));
  }
}

function validateHostAliases(causes: Causes, spec: JsonObject, path: string): void {
  objectsInPlace(spec, 'hostAliases').forEach((alias, index) => {
    const at = `${path}.hostAliases[${index}]`;
    validateIp(causes, textAt(alias, 'ip'), `${at}.ip`);
    textsInPlace(alias, 'hostnames').forEach((name, nameIndex) => {
      causes.invalidFor(`${at}.hostnames[${nameIndex}]`, name, subdomainProblems(name));
    });
  });
}
