/** Which workload a pod belongs to: the top owner that the input names. */
import type { Labels, LabelSelector, ObjectMeta, WorkloadObject } from '../kube/objects.ts';
import { matches } from '../kube/selectors.ts';

export interface OwnerName {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** Owner chains in clusters are two or three long; hostile input may form a cycle. */
const MAX_CHAIN = 8;

const TEMPLATE_HASH = 'pod-template-hash';

export class Owners {
  private readonly workloads = new Map<string, WorkloadObject>();

  constructor(workloads: readonly WorkloadObject[]) {
    for (const workload of workloads) {
      this.workloads.set(
        ownerKey({ namespace: workload.meta.namespace, kind: workload.kind, name: workload.meta.name }),
        workload,
      );
    }
  }

  find(owner: OwnerName): WorkloadObject | undefined {
    return this.workloads.get(ownerKey(owner));
  }

  /**
   * Pod to ReplicaSet to Deployment, Job to CronJob and so on, as far as owner references name somebody. When the
   * ReplicaSet (or the Job of a CronJob) is not part of the input, its name and the labels tell the Deployment
   * (or CronJob).
   */
  topOwner(kind: string, meta: ObjectMeta, labels: Labels): OwnerName {
    let current: OwnerName = { namespace: meta.namespace, kind, name: meta.name };
    let owner = meta.owner;
    for (let depth = 0; depth < MAX_CHAIN && owner !== undefined; depth++) {
      // A mirror pod of a static pod is owned by its node, which is no workload.
      if (owner.kind === 'Node') break;
      current = { namespace: meta.namespace, kind: owner.kind, name: owner.name };
      const object = this.find(current);
      if (object === undefined) return this.inferredOwner(current, labels) ?? current;
      owner = object.meta.owner;
    }
    return current;
  }

  private inferredOwner(owner: OwnerName, labels: Labels): OwnerName | undefined {
    if (owner.kind === 'ReplicaSet') {
      const hash = labels.get(TEMPLATE_HASH);
      if (hash === undefined || !owner.name.endsWith(`-${hash}`)) return undefined;
      const name = owner.name.slice(0, -hash.length - 1);
      const deployment = this.find({ namespace: owner.namespace, kind: 'Deployment', name });
      return deployment !== undefined && selects(deployment.selector, labels)
        ? { namespace: owner.namespace, kind: 'Deployment', name }
        : undefined;
    }
    if (owner.kind === 'Job') {
      const dash = owner.name.lastIndexOf('-');
      if (dash <= 0 || !/^[0-9]+$/.test(owner.name.slice(dash + 1))) return undefined;
      const cronJob = { namespace: owner.namespace, kind: 'CronJob', name: owner.name.slice(0, dash) };
      return this.find(cronJob) === undefined ? undefined : cronJob;
    }
    return undefined;
  }
}

export function ownerKey(owner: OwnerName): string {
  return `${owner.namespace}/${owner.kind}/${owner.name}`;
}

function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  return selector !== undefined && matches(selector, labels);
}
