/** From objects and options to an engine. */
import type { Cidr } from '../base/inet.ts';
import { parseCidr } from '../base/inet-parse.ts';
import { type Engine, createEngine } from '../engine/engine.ts';
import { OperationalError } from '../io/operational-error.ts';
import type { KubeObjects } from '../kube/objects.ts';
import { buildCluster } from '../model/cluster.ts';

export interface EngineOptions {
  readonly podCidr: readonly string[];
  readonly allowEgressToLocalNode?: true | undefined;
}

export function openEngine(objects: KubeObjects, options: EngineOptions, podCidrs: readonly Cidr[]): Engine {
  return createEngine(
    buildCluster(objects, { podCidrs, allowEgressToLocalNode: options.allowEgressToLocalNode === true }),
  );
}

/** @throws OperationalError exit 2. Before any file is read, so that a slip costs no time. */
export function readPodCidrs({ podCidr }: EngineOptions): readonly Cidr[] {
  return podCidr
    .flatMap((text) => text.split(','))
    .map((text) => {
      const parsed = parseCidr(text.trim());
      if (parsed === undefined) {
        throw new OperationalError('usage', `--pod-cidr ${JSON.stringify(text)} is not a CIDR`, {
          hint: 'for example --pod-cidr 10.244.0.0/16',
          exitCode: 2,
        });
      }
      return parsed.cidr;
    });
}
