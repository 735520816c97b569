/** Ends of connections as they are typed. */
import type { Engine } from '../engine/engine.ts';
import { type ResolvedEndpoint, parseEndpoint } from '../engine/endpoint.ts';
import { type EndpointProblem, type PortText, readEndpointText, readTargetText } from '../engine/endpoint-text.ts';
import type { Cluster } from '../model/cluster.ts';
import { parseTarget } from '../engine/service-target.ts';
import type { Target } from '../engine/target.ts';
import { OperationalError } from '../io/operational-error.ts';

/** A question that cannot be asked is a fault of the command line: exit 2. */
export function endpointError(problem: EndpointProblem, role: string): OperationalError {
  return new OperationalError(problem.code, `${role}: ${problem.message}`, {
    exitCode: 2,
    ...(problem.help === undefined ? {} : { hint: problem.help }),
  });
}

/** What can be told from the text alone, before any file is read. @throws OperationalError exit 2 */
export function checkEndTexts(source: string, target: string): void {
  const from = readEndpointText(source);
  if (!from.ok) throw endpointError(from.problem, 'source');
  const to = readTargetText(target);
  if (!to.ok) throw endpointError(to.problem, 'target');
}

/** `--protocol` for a target that does not say it itself. @throws OperationalError exit 2 */
export function withProtocol(target: string, protocol: string | undefined): string {
  if (protocol === undefined) return target;
  const read = readTargetText(target);
  if (!read.ok) throw endpointError(read.problem, 'target');
  const port: PortText | undefined = read.value.port;
  if (port === undefined || port.type === 'portless') {
    throw new OperationalError('usage', `--protocol ${protocol} needs a target with a port`, {
      hint: `write ${target.replace(/:icmp$|:other$/i, '')}:PORT`,
      exitCode: 2,
    });
  }
  const written = /\/([a-z]+)$/i.exec(target.slice(target.lastIndexOf(':') + 1))?.[1];
  if (written === undefined) return `${target}/${protocol}`;
  if (written.toLowerCase() === protocol) return target;
  throw new OperationalError('usage', `the target says /${written}, --protocol says ${protocol}`, {
    hint: 'give one of them',
    exitCode: 2,
  });
}

/** @throws OperationalError exit 2 */
export function resolveSource(engine: Engine, text: string, namespace: string): ResolvedEndpoint {
  const parsed = parseEndpoint(engine.cluster, text, { namespace });
  if (!parsed.ok) throw endpointError(parsed.problem, 'source');
  return parsed.value;
}

/** @throws OperationalError exit 2 */
export function resolveTarget(cluster: Cluster, text: string, namespace: string): Target {
  const parsed = parseTarget(cluster, text, { namespace });
  if (!parsed.ok) throw endpointError(parsed.problem, 'target');
  return parsed.value;
}
