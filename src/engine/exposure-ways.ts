/** What policy says about the ways from outside to a pod: straight through a Service, or through a controller. */
import { assertNever } from '../base/assert.ts';
import { formatCidr } from '../base/inet-format.ts';
import type { Engine } from './engine.ts';
import { type Controller, Controllers } from './exposure-controllers.ts';
import { Doors } from './exposure-doors.ts';
import { type Finding, OPEN, combine } from './exposure-finding.ts';
import { ExposureSources, notIn, opennessAnywhere, opennessAt } from './exposure-sources.ts';
import { portPoint } from './port-sets.ts';
import type { ServiceBackends } from './service-backends.ts';

/** Ranges named in one reason. */
const MAX_RANGES = 5;

const MAX_NAMED = 3;

function named(ids: readonly string[]): string {
  const more = ids.length - MAX_NAMED;
  return more > 0 ? `${ids.slice(0, MAX_NAMED).join(', ')} and ${more} more` : ids.join(', ');
}

/** For one engine; keeps what it found out about controllers. A `point` is a port as {@link portPoint} has it. */
export class WaysIn {
  readonly controllers: Controllers;
  readonly doors: Doors;
  private readonly engine: Engine;
  private readonly sources: ExposureSources;
  private readonly reached = new Map<Controller, Finding>();

  constructor(engine: Engine, backends: ServiceBackends) {
    this.engine = engine;
    this.doors = new Doors(engine.cluster, backends);
    this.controllers = new Controllers(engine.cluster);
    this.sources = new ExposureSources(engine);
  }

  /** From every public address; `mayBeRewritten`: plugins may see a node's address instead (S93). */
  fromInternet(pod: number, point: number, mayBeRewritten: boolean): Finding {
    const openness = opennessAt(this.engine, this.sources.fromInternet(pod), point);
    const why: string[] = [];
    if (openness === 'none') why.push('policy lets no public address in');
    if (openness === 'part') why.push(this.rangesIn(pod, point));
    if (openness === 'unknown') why.push('the input does not tell whether policy lets public addresses in');
    if (openness !== 'all' && mayBeRewritten) {
      why.push(
        "externalTrafficPolicy is Cluster, so some network plugins see the address of a node instead of the client's and may decide otherwise",
      );
    }
    return { openness, why };
  }

  /** What one controller may open to a pod, and whether the outside reaches the controller at all. */
  throughController(controller: Controller, pod: number, point: number): Finding {
    const first = this.reach(controller);
    if (first.openness === 'none' || first.openness === 'part') return first;
    const second = this.fromController(controller, pod, point);
    return second.openness === 'all' && first.openness === 'unknown' ? first : second;
  }

  /** The same for all pods of a workload or Service. */
  throughControllerToAll(controller: Controller, pods: readonly number[], point: number): Finding {
    const byClass = new Map(pods.map((pod) => [this.engine.classOfPod(pod), pod]));
    return combine(
      [...byClass.values()].map((pod) => this.throughController(controller, pod, point)),
      'pods',
    );
  }

  private rangesIn(pod: number, point: number): string {
    const open = this.sources.openTo(pod, point);
    const closed = notIn(open);
    const list = (cidrs: readonly Parameters<typeof formatCidr>[0][]): string => {
      const named = cidrs.slice(0, MAX_RANGES).map(formatCidr).join(', ');
      return cidrs.length > MAX_RANGES ? `${named} and ${cidrs.length - MAX_RANGES} more ranges` : named;
    };
    return closed.length > 0 && closed.length < open.length
      ? `policy keeps out ${list(closed)}`
      : `of the public addresses, policy lets in only ${list(open)}`;
  }

  /** Whether the outside gets to the controller itself. */
  private reach(controller: Controller): Finding {
    if (controller.type !== 'pods') return OPEN;
    let finding = this.reached.get(controller);
    if (finding === undefined) {
      finding = this.computeReach(controller.name, controller.pods);
      this.reached.set(controller, finding);
    }
    return finding;
  }

  private computeReach(name: string, pods: readonly number[]): Finding {
    const findings = pods.map((pod): Finding => {
      const doors = this.doors.of(pod);
      const bounds = this.sources.fromInternet(pod);
      // Without a Service that leads to it the outside comes by a port of the host: any will do.
      if (doors === undefined) {
        return { openness: opennessAnywhere(bounds), why: [] };
      }
      return combine(
        doors.map(({ protocol, port }) => ({
          openness: opennessAt(this.engine, bounds, portPoint(protocol, port)),
          why: [],
        })),
        'some',
      );
    });
    const { openness } = combine(findings, 'pods');
    switch (openness) {
      case 'all':
        return OPEN;
      case 'none':
        return { openness, why: [`policy lets no public address in to ${name}, which stands in front`] };
      case 'part':
        return { openness, why: [`policy lets only some public addresses in to ${name}, which stands in front`] };
      case 'unknown':
        return {
          openness,
          why: [`the input does not tell whether policy lets the outside in to ${name}, which stands in front`],
        };
      default:
        return assertNever(openness);
    }
  }

  private fromController(controller: Controller, pod: number, point: number): Finding {
    switch (controller.type) {
      case 'pods': {
        const openness = opennessAt(this.engine, this.sources.fromPods(controller.pods, pod), point);
        if (openness === 'all') return OPEN;
        const who = named(this.workloadsOf(controller));
        const why =
          openness === 'none'
            ? `policy does not let ${controller.name} in (${who})`
            : openness === 'part'
              ? `policy lets only some pods of ${controller.name} in (${who})`
              : `the input does not tell whether policy lets ${controller.name} in (${who})`;
        return { openness, why: [why] };
      }
      case 'outside': {
        const openness = opennessAt(this.engine, this.sources.fromOutside(pod), point);
        if (openness === 'all') return OPEN;
        if (openness === 'none')
          return { openness, why: [`policy lets in no address outside the cluster, so ${controller.name} neither`] };
        return {
          openness: 'unknown',
          why: [`policy lets in only some addresses, and those of ${controller.name} are not part of the input`],
        };
      }
      case 'unknown': {
        const openness = opennessAt(this.engine, this.sources.fromAnyone(pod), point);
        if (openness === 'all') return OPEN;
        if (openness === 'none')
          return { openness, why: [`policy lets nobody in on this port, so ${controller.name} neither`] };
        return {
          openness: 'unknown',
          why: [`policy lets in only certain sources, and ${controller.name} is not part of the input`],
        };
      }
      default:
        return assertNever(controller);
    }
  }

  /** Ids of the workloads of a controller's pods; none when the input does not have it. */
  workloadsOf(controller: Controller): readonly string[] {
    if (controller.type !== 'pods') return [];
    const { pods, workloads } = this.engine.cluster;
    return [...new Set(controller.pods.map((pod) => workloads[pods.workloadOf[pod] ?? -1]?.id ?? ''))];
  }
}
