/** The lab's kube-controller-manager and scheduler: all controllers on one subscription and one line of work. */
import type { Clock } from '../../io/kubernetes/clock.ts';
import type { Rest } from '../api/rest/rest.ts';
import { resourceKey } from '../api/store/object-store.ts';
import { type EventRecorder, eventRecorder } from '../events/event-recorder.ts';
import { ClusterIndex } from './cluster-index.ts';
import type { Controller, Observed, Surroundings } from './controller.ts';
import { daemonSetController } from './daemon-sets.ts';
import { deploymentController } from './deployments.ts';
import { endpointsController } from './endpoints.ts';
import { mirroringController } from './endpoints-mirroring.ts';
import { garbageCollector } from './garbage-collector.ts';
import { jobController } from './jobs.ts';
import { namespaceController } from './namespaces.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { replicaSetController } from './replica-sets.ts';
import { scheduler } from './scheduler.ts';
import { statefulSetController } from './stateful-sets.ts';
import { WorkLoop } from './work-loop.ts';

export interface ControllersOptions {
  readonly rest: Rest;
  readonly clock: Clock;
  /** PEM, for the ConfigMap `kube-root-ca.crt` of each namespace. */
  readonly caCertificate: string;
  /** Shared with the kubelets; one of its own by default. */
  readonly events?: EventRecorder;
  /** Runs something in a later turn of the event loop; `setImmediate` by default. */
  readonly defer?: (action: () => void) => void;
  /** What no controller should ever throw; the work goes on. */
  readonly onError?: (error: unknown, what: string) => void;
}

export interface RunningControllers {
  /** Nothing is written any more. */
  stop(): void;
  /**
   * Resolves when there is nothing left to do but to wait: for kubelets, for a moment that a deadline falls due, or for a
   * retry of what was refused.
   */
  idle(): Promise<void>;
}

/** What is in the store already is observed as if it had just been added. */
export function startControllers(options: ControllersOptions): RunningControllers {
  const { rest, clock } = options;
  const onError = options.onError ?? (() => {});
  const defer = options.defer ?? ((action: () => void) => void setImmediate(action));
  const events =
    options.events ?? eventRecorder(rest, clock, { onError: (error) => onError(error, 'recording an event') });
  const index = new ClusterIndex();
  const loop = new WorkLoop({ clock, defer, onError });
  const surroundings: Surroundings = { rest, clock, events, index };
  const controllers = controllersOf(surroundings, options.caCertificate).map((controller) => ({
    controller,
    dirty: loop.queue(controller.name, (key) => controller.sync(key)),
  }));

  const observe = (change: Observed): void => {
    try {
      index.apply(change);
    } catch (error) {
      onError(error, 'the index of objects');
    }
    for (const { controller, dirty } of controllers) {
      try {
        controller.observe(change, dirty);
      } catch (error) {
        // Whoever wrote has nothing to do with it, and the other listeners wait.
        onError(error, controller.name);
      }
    }
  };

  const unsubscribe = rest.store.subscribe(observe);
  const seen = new Set<string>();
  for (const resource of rest.resources) {
    const key = resourceKey(resource);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const object of rest.store.list(resource).items)
      observe({ type: 'ADDED', resource: key, object, previous: undefined });
  }
  return {
    stop: () => {
      unsubscribe();
      loop.stop();
    },
    idle: () => loop.idle(),
  };
}

function controllersOf(surroundings: Surroundings, caCertificate: string): readonly Controller[] {
  return [
    namespaceController(surroundings, caCertificate),
    scheduler(surroundings),
    replicaSetController(surroundings),
    deploymentController(surroundings),
    endpointsController(surroundings),
    mirroringController(surroundings),
    statefulSetController(surroundings),
    daemonSetController(surroundings),
    jobController(surroundings),
    garbageCollector(surroundings),
    nodeLifecycleController(surroundings),
  ];
}
