/** One answer to "can SOURCE reach TARGET", however many questions to the engine that takes. */
import { assertNever } from '../base/assert.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ResolvedEndpoint } from './endpoint.ts';
import type { Engine } from './engine.ts';
import { facesOutside } from './exposure-doors.ts';
import type { Endpoint } from './query.ts';
import type { VerdictResult } from './results.ts';
import { combined } from './target-combined.ts';
import { proxied } from './target-proxies.ts';
import { ask } from './target-questions.ts';
import type { Target } from './target.ts';

export interface TargetAnswer {
  readonly verdict: VerdictResult;
  /** How the two texts were understood, and what else than policy counts; for readers. */
  readonly notes: readonly string[];
}

/** Questions asked for one target; a Service may have thousands of backends that differ. */
const MAX_LEGS = 200;

/**
 * The verdict for a source and a target as {@link parseEndpoint} and {@link parseTarget} give them.
 *
 * - A plain end and port: the engine's own explanation.
 * - Without a port: `ports` says what is allowed, `allowed` is true when anything certainly is.
 * - A Service: allowed when every backend is, because clients do not choose; `legs` has each answer.
 * - An Ingress or route: the source must reach the controller, and the controller every backend.
 */
export function explainTarget(engine: Engine, source: ResolvedEndpoint, target: Target): TargetAnswer {
  const notes = [...source.notes, ...target.notes, ...serviceNotes(engine.cluster, source.endpoint, target)];
  const left = target.legs.length - MAX_LEGS;
  const asked = left > 0 ? { ...target, legs: target.legs.slice(0, MAX_LEGS) } : target;
  if (left > 0) notes.push(`${left} more backends of ${target.legs.length} were not asked`);
  const proxies = target.via.some((hop) => hop.works === 'proxy');
  const results = proxies ? proxied(engine, source, asked) : direct(engine, source.endpoint, asked);
  const via = target.via.length > 0 ? { via: target.via.map((hop) => hop.id) } : {};
  const [only] = results;
  // Behind a controller the asked source is not the one that the gates are about, so the question stays apart.
  const single = results.length === 1 && !proxies ? only : undefined;
  const verdict = single ?? combined(engine, results, source.label, asked);
  return { verdict: { ...verdict, ...via }, notes: [...new Set(notes)] };
}

function direct(engine: Engine, from: Endpoint, target: Target): readonly VerdictResult[] {
  const viaService = target.via.length > 0;
  return target.legs.map((leg) => ask(engine, from, leg, viaService));
}

/** What stands between an outside source and a Service besides policy (S93). */
function serviceNotes(cluster: Cluster, from: Endpoint, target: Target): readonly string[] {
  const inside = from.type === 'pod' || from.type === 'workload';
  if (inside || from.type === 'node') return [];
  return target.via.flatMap((hop): readonly string[] => {
    const [namespace = '', , name = ''] = hop.id.split('/');
    switch (hop.kind) {
      case 'Service': {
        const service = cluster.serviceNamed(namespace, name);
        if (service === undefined) return [];
        if (!facesOutside(service)) {
          return [
            `${hop.id} is of type ${service.type}, which has no address outside the cluster; the answer is about policy only`,
          ];
        }
        return service.externalTrafficPolicy === 'Cluster'
          ? [
              `${hop.id} has externalTrafficPolicy Cluster: policy is judged for the client's own address here, but some network plugins see the address of a node instead`,
            ]
          : [];
      }
      case 'Ingress':
      case 'HTTPRoute':
      case 'Gateway':
        return [];
      default:
        return assertNever(hop.kind);
    }
  });
}
