import type { MapIndex } from './map-index.ts';
import type { MapOptions } from './map-options.ts';
import { countOf } from './wording.ts';

/** The figures that close a report. */
export interface MapCounts {
  readonly workloads: number;
  readonly namespaces: number;
  readonly pods: number;
  /** Ordered pairs of different workloads, and how many of them are connected for certain or perhaps. */
  readonly pairs: number;
  readonly connected: number;
  /** Connections with an external peer at one end. */
  readonly outside: number;
  readonly uncertain: number;
  /** Workloads that no policy isolates for the direction; host-network ones are never. */
  readonly openIn: number;
  readonly openOut: number;
  readonly hostNetwork: number;
}

/** Counts what the map holds, unfolded. O(peers + connections). */
export function mapCounts(index: MapIndex): MapCounts {
  const counts = { pods: 0, connected: 0, outside: 0, uncertain: 0, openIn: 0, openOut: 0, hostNetwork: 0 };
  for (const { peer } of index.nodes) {
    if (peer.type === 'external') continue;
    counts.pods += peer.pods;
    if (peer.type === 'namespace') continue;
    if (peer.hostNetwork === true) counts.hostNetwork++;
    else {
      if (!peer.isolated.ingress) counts.openIn++;
      if (!peer.isolated.egress) counts.openOut++;
    }
  }
  for (const [from, targets] of index.out.entries()) {
    for (const [to, labelSet] of targets) {
      if (from >= index.inside || to >= index.inside) counts.outside++;
      else if (from !== to) counts.connected++;
      if (index.labelSets[labelSet]?.some((label) => !label.certain) === true) counts.uncertain++;
    }
  }
  const namespaces = index.byNamespace ? index.inside : index.groups.length;
  return { ...counts, workloads: index.inside, namespaces, pairs: index.inside * (index.inside - 1) };
}

/** The figures as short statements. */
export function countStatements(index: MapIndex, options: Pick<MapOptions, 'filtered' | 'denied'> = {}): string[] {
  const counts = mapCounts(index);
  const pods = ` (${countOf(counts.pods, 'pod')})`;
  const noun = index.byNamespace ? 'namespace' : 'workload';
  const where = index.byNamespace ? '' : ` in ${countOf(counts.namespaces, 'namespace')}`;
  const verb = options.denied === true ? 'denied' : 'connected';
  const pairs = options.filtered === true ? `${noun} pairs` : `of ${countOf(counts.pairs, `${noun} pair`)}`;
  const statements = [
    `${options.filtered === true ? 'in view: ' : ''}${countOf(counts.workloads, noun)}${pods}${where}`,
  ];
  if (counts.pairs > 0) statements.push(`${counts.connected} ${pairs} ${verb}`);
  if (counts.outside > 0) statements.push(`${countOf(counts.outside, 'connection')} with the outside`);
  if (counts.uncertain > 0) statements.push(`${counts.uncertain} uncertain`);
  if (!index.byNamespace && counts.openIn + counts.openOut > 0) {
    statements.push(`not isolated: ${counts.openIn} for ingress, ${counts.openOut} for egress`);
  }
  if (counts.hostNetwork > 0) statements.push(`${counts.hostNetwork} on the host network`);
  const { leftOut } = index.map;
  if (leftOut !== undefined) statements.push(`${countOf(leftOut, 'more connection')} left out, over the limit`);
  return statements;
}
