import { eventRecorder } from '../../../src/lab/events/event-recorder.ts';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { RestService } from '../../../src/lab/api/rest/rest-service.ts';
import { type DeleteRequest, systemContext } from '../../../src/lab/api/rest/rest.ts';
import { ObjectStore } from '../../../src/lab/api/store/object-store.ts';
import { numberAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { programOf } from '../../../src/lab/images.ts';
import { labNetworks } from '../../../src/lab/networks.ts';
import { Kubelet } from '../../../src/lab/node/kubelet.ts';
import type { Strategy } from '../../../src/lab/api/kinds/strategy.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';
import { FakeRuntime } from './fake-runtime.ts';

const POD_STRATEGY: Strategy = {
  // As in the real one, for pods that are bound.
  gracePeriodSeconds: (pod) => Number((pod['spec'] as JsonObject)['terminationGracePeriodSeconds'] ?? 30),
};

/** An API, a kubelet and a runtime in which nothing runs, with a clock that stands still. */
export class NodeLab {
  readonly clock = new FakeClock();
  readonly runtime = new FakeRuntime(this.clock);
  readonly errors: unknown[] = [];
  readonly rest: RestService;
  readonly store: ObjectStore;
  readonly kubelet: Kubelet;
  /** Addresses as the status of the pod had them, when the kubelet asked. */
  readonly announced: string[] = [];
  ready: (pod: JsonObject) => Promise<void> = () => Promise.resolve();

  constructor(nodes = 1, podCidr?: string) {
    let uids = 0;
    const whole = labNetworks(nodes, 'ipv4');
    const small = whole.nodes.map((node) => (podCidr === undefined ? node : { ...node, podCidrs: [podCidr] }));
    const networks = { ...whole, nodes: small };
    this.store = new ObjectStore({
      now: () => new Date(this.clock.calendarMs()),
      newUid: () => `00000000-0000-4000-8000-${String((uids += 1)).padStart(12, '0')}`,
    });
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    this.rest = new RestService({
      store: this.store,
      networks,
      clock: this.clock,
      random,
      newUid: () => `token-${String((uids += 1))}`,
      strategies: new Map([['Pod', POD_STRATEGY]]),
    });
    const onError = (error: unknown): void => void this.errors.push(error);
    this.kubelet = new Kubelet({
      rest: this.rest,
      runtime: this.runtime,
      networks,
      clock: this.clock,
      random,
      images: programOf,
      events: eventRecorder(this.rest, this.clock, { onError }),
      facts: {
        version: 'v1.32.0',
        architecture: 'amd64',
        kernelVersion: '6.1.0',
        runtime: 'fake',
        cpus: 2,
        memoryBytes: 4 * 1024 ** 3,
        maxPods: 1000,
      },
      ready: (pod) => {
        this.announced.push(textAt(pod, 'status', 'podIP'));
        return this.ready(pod);
      },
      onFailure: onError,
      onError,
    });
    this.create({ kind: 'Namespace', metadata: { name: 'default' } });
    this.kubelet.start();
  }

  create(object: JsonObject): JsonObject {
    const kind = textAt(object, 'kind');
    const resource = this.rest.resources.find((each) => each.kind === kind);
    if (resource === undefined) throw new Error(`no resource of ${kind}`);
    const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    const target = {
      resource,
      namespace: resource.namespaced ? textAt(object, 'metadata', 'namespace') || 'default' : '',
    };
    return this.rest.create(target, { apiVersion, ...object }, systemContext('test')).object;
  }

  /** Bound to the first node; `spec` is added to a container `main` of busybox. */
  pod(name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
    const containers = [{ name: 'main', image: 'busybox', command: ['sleep', 'infinity'] }];
    return this.create({
      kind: 'Pod',
      metadata: { ...metadata, name },
      spec: { containers, nodeName: 'lab-1', ...spec },
    });
  }

  find(name: string): JsonObject | undefined {
    return this.store.find({ group: '', plural: 'pods', namespace: 'default', name });
  }

  delete(name: string, request: DeleteRequest = {}): void {
    this.rest.delete(this.target(name), request, systemContext('test'));
  }

  update(name: string, change: (pod: JsonObject) => JsonObject, subresource?: string): void {
    this.rest.update(
      { ...this.target(name), subresource },
      change(this.rest.get(this.target(name))),
      systemContext('test'),
    );
  }

  private target(name: string) {
    const resource = this.rest.find('', 'v1', 'pods');
    if (resource === undefined) throw new Error('no pods');
    return { resource, namespace: 'default', name };
  }

  /** Lets what has been set off come to rest, while the clock stands still. */
  async calm(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass, with everything that falls due on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.nowMs() + ms;
    for (;;) {
      await this.calm();
      const [next = Number.POSITIVE_INFINITY] = this.clock.moments;
      if (next > end) break;
      this.clock.advance(next - this.clock.nowMs());
    }
    this.clock.advance(end - this.clock.nowMs());
    await this.calm();
  }

  /** `Running main=running ready` and the like: the state of a pod in a line. */
  line(name: string): string {
    const pod = this.find(name);
    if (pod === undefined) return 'gone';
    const containers = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'].flatMap((field) =>
      objectsAt(pod, 'status', field).map(containerLine),
    );
    const ready = objectsAt(pod, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Ready');
    const words = [
      textAt(pod, 'status', 'phase'),
      textAt(pod, 'status', 'reason'),
      ...containers,
      ready !== undefined && textAt(ready, 'status') === 'True' ? 'ready' : '',
    ];
    return words.filter((word) => word !== '').join(' ');
  }

  events(): readonly string[] {
    return this.store
      .list({ group: '', plural: 'events' })
      .items.map((event) => `${textAt(event, 'reason')}: ${textAt(event, 'message')}`);
  }
}

function containerLine(status: JsonObject): string {
  const state = status['state'] as JsonObject;
  const [kind = 'nothing'] = Object.keys(state);
  const reason = textAt(state, kind, 'reason');
  const code = kind === 'terminated' ? `:${numberAt(state, kind, 'exitCode') ?? ''}` : '';
  const restarts = Number(status['restartCount']);
  return `${textAt(status, 'name')}=${reason || kind}${code}${restarts > 0 ? `×${restarts}` : ''}`;
}
