/** Pods and pod templates: the facts that policy needs, everything else unread. */
import { parseIp } from '../base/inet-parse.ts';
import type { IpAddress } from '../base/inet.ts';
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { LabelPool } from './label-pool.ts';
import { decodeTemplateLabels } from './metadata.ts';
import type { ContainerPort, Labels, PodFacts, PodObject, PodPhase, Protocol } from './objects.ts';
import { formatPath } from './path.ts';
import { portNameProblems, portNumberProblems } from './syntax.ts';

export const POD = shape('v1.Pod', 'apiVersion kind metadata spec status');
const POD_TEMPLATE = shape('v1.PodTemplateSpec', 'metadata spec');
export const POD_SPEC = shape(
  'v1.PodSpec',
  'volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources hostnameOverride workloadRef',
);
export const CONTAINER = shape(
  'v1.Container',
  'name image command args workingDir ports envFrom env resources resizePolicy restartPolicy restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty',
  { hints: { port: 'ports' } },
);
export const CONTAINER_PORT = shape('v1.ContainerPort', 'name hostPort containerPort protocol hostIP', {
  hints: { port: 'containerPort', number: 'containerPort' },
});
const POD_STATUS = shape('v1.PodStatus', 'phase podIP podIPs hostIP hostIPs', { open: true });
const POD_IP = shape('v1.PodIP', 'ip', { open: true });

export const PHASES: readonly PodPhase[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];
export const PROTOCOLS: readonly Protocol[] = ['SCTP', 'TCP', 'UDP'];

/** `spec` of a pod or of a template. */
export function decodePodFacts(owner: Fields, labels: Labels): PodFacts {
  const spec = owner.value('spec', POD_SPEC);
  const ports: ContainerPort[] = [];
  for (const container of spec.objects('containers', CONTAINER)) decodeContainerPorts(container, ports);
  for (const container of spec.objects('initContainers', CONTAINER)) {
    const containerPorts = decodeContainerPorts(container, []);
    // D4: an init container that stays is a sidecar; others are gone when anybody connects.
    if (container.string('restartPolicy') === 'Always') ports.push(...containerPorts);
  }
  return {
    labels,
    hostNetwork: spec.bool('hostNetwork') ?? false,
    ports,
    nodeName: spec.string('nodeName') ?? '',
    serviceAccountName: spec.string('serviceAccountName') ?? spec.string('serviceAccount') ?? '',
  };
}

/** A `template` field: its labels and its facts. */
export function decodePodTemplate(parent: Fields, pool: LabelPool): PodFacts {
  const template = parent.value('template', POD_TEMPLATE);
  return decodePodFacts(template, decodeTemplateLabels(template, pool));
}

/** What a Pod's `status` says; files often have none. */
export function decodePodStatus(object: Fields): Pick<PodObject, 'phase' | 'ips' | 'hostIps'> {
  const status = object.object('status', POD_STATUS);
  if (status === undefined) return { phase: '', ips: [], hostIps: [] };
  const written = status.string('phase') ?? '';
  const phase = PHASES.find((known) => known === written);
  if (phase === undefined && written !== '') {
    const message = `${formatPath(status.pathOf('phase'))}: ${JSON.stringify(written)} is no pod phase`;
    status.decoder.warn('unknown-phase', status.place('phase'), message, `phases are ${PHASES.join(', ')}`);
  }
  return {
    phase: phase ?? '',
    ips: decodeAddresses(status, 'podIPs', 'podIP'),
    hostIps: decodeAddresses(status, 'hostIPs', 'hostIP'),
  };
}

function decodeAddresses(status: Fields, list: string, single: string): readonly IpAddress[] {
  const items = status.objects(list, POD_IP);
  if (items.length === 0) {
    const text = status.string(single) ?? '';
    return text === '' ? [] : readAddress(status, single, text);
  }
  return items.flatMap((item) => {
    const text = item.string('ip') ?? '';
    return text === '' ? [] : readAddress(item, 'ip', text);
  });
}

/** The address in `text`, or nothing and a warning: what does not parse cannot be matched. */
export function readAddress(fields: Fields, name: string, text: string): readonly IpAddress[] {
  const parsed = parseIp(text);
  if (parsed !== undefined) return [parsed.ip];
  const message = `${formatPath(fields.pathOf(name))}: ${JSON.stringify(text)} is no IP address and is ignored`;
  fields.decoder.warn('invalid-address', fields.place(name), message);
  return [];
}

function decodeContainerPorts(container: Fields, into: ContainerPort[]): ContainerPort[] {
  const { decoder } = container;
  let names: Set<string> | undefined;
  for (const fields of container.objects('ports', CONTAINER_PORT)) {
    const name = fields.string('name') ?? '';
    if (name !== '') {
      decoder.invalid(fields.pathOf('name'), fields.place('name'), name, portNameProblems(name));
      names ??= new Set();
      if (names.has(name))
        decoder.fieldError({ type: 'duplicate', path: fields.pathOf('name'), at: fields.place('name'), value: name });
      names.add(name);
    }
    const containerPort = fields.int32('containerPort') ?? 0;
    if (containerPort === 0) {
      decoder.fieldError({ type: 'required', path: fields.pathOf('containerPort'), at: fields.place('containerPort') });
    } else
      decoder.invalid(
        fields.pathOf('containerPort'),
        fields.place('containerPort'),
        containerPort,
        portNumberProblems(containerPort),
      );
    const hostPort = fields.int32('hostPort') ?? 0;
    if (hostPort !== 0)
      decoder.invalid(fields.pathOf('hostPort'), fields.place('hostPort'), hostPort, portNumberProblems(hostPort));
    into.push({ name, protocol: decodeProtocol(fields), containerPort, hostPort });
  }
  return into;
}

/** `protocol` of a container port or a Service port; TCP by default. */
export function decodeProtocol(fields: Fields): Protocol {
  const written = fields.string('protocol', 'v1.Protocol') ?? '';
  const protocol = written === '' ? 'TCP' : PROTOCOLS.find((known) => known === written);
  if (protocol !== undefined) return protocol;
  const meant = PROTOCOLS.find((known) => known === written.toUpperCase());
  fields.decoder.fieldError({
    type: 'unsupported',
    path: fields.pathOf('protocol'),
    at: fields.place('protocol'),
    value: written,
    detail: 'supported values: "SCTP", "TCP", "UDP"',
    ...(meant === undefined ? {} : { help: `write ${meant}` }),
  });
  return 'TCP';
}
