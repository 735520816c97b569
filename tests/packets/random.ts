/** Random clusters: what the oracle says, what the engine says, and what packets do. */
import { largeCluster, randomCluster } from '../property/random-cluster.ts';
import { askedPorts } from '../property/queries.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { Random } from '../property/random.ts';
import { compare, type Findings, type Worth } from './compare.ts';
import { Enforced, inAuditMode, inForce } from './enforced.ts';
import type { Network } from './network.ts';
import { Residence } from './residence.ts';

/** As many as a random cluster has. */
export const randomClusterNodes = 3;

/** Every so many clusters the table is made anew; the others are changes from one to the next. */
const anewEvery = 5;

/** Of a large cluster's connections, one of so many. */
const sparsely = 89;

const numbers = (wanted: string): number[] =>
  askedPorts.filter(({ protocol }) => protocol === wanted).map(({ port }) => port);

/** In every other cluster some policies are in audit mode, which nobody's packets may notice. */
function withOnlookers(objects: readonly Manifest[], seed: number): Manifest[] {
  const random = new Random(seed);
  return objects.map((object) =>
    seed % 2 === 0 && object.kind.endsWith('NetworkPolicy') && random.chance(0.3) ? inAuditMode(object) : object,
  );
}

export class RandomComparison {
  private readonly network: Network;
  private readonly enforced: Enforced;
  private last: (() => Promise<Findings>) | undefined;

  constructor(network: Network) {
    this.network = network;
    this.enforced = new Enforced(network);
  }

  /** Every pair on every port, as the nodes' tables stand after the change from the cluster before. */
  compare(seed: number): Promise<Findings> {
    return this.compareOn(randomCluster(seed), seed, () => true);
  }

  /** Fifty pods and more: some of the connections that could be made. */
  compareLarge(seed: number): Promise<Findings> {
    let count = seed;
    return this.compareOn(largeCluster(seed), seed, () => count++ % sparsely === 0);
  }

  private async compareOn(manifests: readonly Manifest[], seed: number, worth: Worth): Promise<Findings> {
    const objects = withOnlookers(manifests, seed);
    const residence = new Residence(inForce(objects), this.network.nodes.length);
    await residence.settle(this.network, { tcp: numbers('TCP'), udp: numbers('UDP') });
    const engine = await this.enforced.enforce(objects, residence.nodes, seed % anewEvery === 0);
    this.last = () => compare(this.network, residence, engine, askedPorts, worth);
    return this.last();
  }

  /** The last cluster's connections once more, whatever has become of the tables. */
  tryAgain(): Promise<Findings> {
    if (this.last === undefined) throw new Error('no cluster was compared');
    return this.last();
  }
}
