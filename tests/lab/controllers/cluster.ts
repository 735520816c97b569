/** A lab of API, controllers and a scripted kubelet, whose clock and turns of the event loop are moved by hand. */
import type { JsonObject } from '../../../src/lab/api/json.ts';
import type { Resource } from '../../../src/lab/api/resources.ts';
import { type DeleteRequest, type RequestContext, systemContext } from '../../../src/lab/api/rest/rest.ts';
import { StatusError } from '../../../src/lab/api/status-error.ts';
import { objectFilter } from '../../../src/lab/api/store/selection.ts';
import { isGoing, nameOf, namespaceOf, objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { type RunningControllers, startControllers } from '../../../src/lab/controllers/start-controllers.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';
import { CountingRest } from './counting-rest.ts';

const user = { username: 'kubernetes-admin', uid: '', groups: ['system:masters'] };
const client: RequestContext = { user, fieldManager: 'kubectl', dryRun: false, fieldValidation: 'Strict' };
const kubelet = systemContext('kubelet');

export class Cluster {
  readonly clock = new FakeClock();
  readonly rest = new CountingRest(this.clock);
  readonly errors: unknown[] = [];
  /** What the kubelet does with a pod that it is to start; `ready` by default. */
  behaviour: (pod: JsonObject) => 'failed' | 'ready' | 'running' | 'stuck' | 'succeeded' = () => 'ready';
  /** Pods that shall end take no notice. */
  deaf = false;
  private readonly turns: (() => void)[] = [];
  private controllers: RunningControllers;
  private addresses = 0;

  constructor(nodes: readonly string[] = ['lab-1', 'lab-2']) {
    for (const name of ['default', 'kube-system', 'demo']) this.create('namespaces', { metadata: { name } });
    for (const name of nodes) this.addNode(name);
    this.controllers = this.start();
  }

  /** The controllers begin anew with what the store has. */
  restart(): void {
    this.controllers.stop();
    this.controllers = this.start();
  }

  stop(): void {
    this.controllers.stop();
  }

  addNode(name: string, labels: JsonObject = {}): void {
    this.create('nodes', { metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } } });
    const node = this.get('nodes', name);
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }];
    this.setStatus('nodes', node, { conditions });
  }

  create(plural: string, object: JsonObject, namespace = 'demo'): JsonObject {
    const resource = this.resource(plural);
    return this.rest.create({ resource, namespace: resource.namespaced ? namespace : '' }, object, client).object;
  }

  get(plural: string, name: string, namespace = 'demo'): JsonObject {
    return this.rest.get(this.target(plural, name, namespace));
  }

  find(plural: string, name: string, namespace = 'demo'): JsonObject | undefined {
    return this.list(plural, namespace).find((object) => nameOf(object) === name);
  }

  /** Merges the fields into the object. */
  patch(plural: string, name: string, body: JsonObject, namespace = 'demo'): JsonObject {
    return this.rest.patch(this.target(plural, name, namespace), { type: 'merge', body }, client).object;
  }

  scale(plural: string, name: string, replicas: number): void {
    const target = { ...this.target(plural, name, 'demo'), subresource: 'scale' };
    this.rest.patch(target, { type: 'merge', body: { spec: { replicas } } }, client);
  }

  delete(plural: string, name: string, request: DeleteRequest = {}, namespace = 'demo'): void {
    this.rest.delete(this.target(plural, name, namespace), request, client);
  }

  list(plural: string, namespace = 'demo', labels = ''): readonly JsonObject[] {
    const resource = this.resource(plural);
    const matches = objectFilter(resource.kind, labels, '');
    return this.rest.list({ resource, namespace: resource.namespaced ? namespace : '' }).items.filter(matches);
  }

  names(plural: string, namespace = 'demo', labels = ''): readonly string[] {
    return this.list(plural, namespace, labels).map(nameOf);
  }

  setStatus(plural: string, object: JsonObject, status: JsonObject): void {
    const target = { ...this.target(plural, nameOf(object), namespaceOf(object)), subresource: 'status' };
    this.rest.update(target, { ...object, status }, kubelet);
  }

  /** `Warning FailedScheduling …`, in the order in which they happened first. */
  told(namespace = 'demo'): readonly string[] {
    return this.list('events', namespace)
      .toSorted((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1))
      .map((event) => `${textAt(event, 'type')} ${textAt(event, 'reason')}: ${textAt(event, 'message')}`);
  }

  /** Lets everybody work until nobody has anything to do, and says how many writes that took. */
  async settle(mostWrites = 20_000): Promise<number> {
    const before = this.rest.writes.length;
    for (;;) {
      this.takeTurns();
      const worked = this.actAsKubelet();
      if (this.rest.writes.length - before > mostWrites)
        throw new Error(`never at rest: ${this.rest.writes.slice(-20).join(', ')}`);
      if (worked || this.turns.length > 0) continue;
      if (await this.isIdle()) break;
      this.clock.advance(50);
    }
    if (this.errors.length > 0) throw new AggregateError(this.errors, 'a controller threw');
    return this.rest.writes.length - before;
  }

  /** Only the controllers, as far as they come without the kubelet. */
  takeTurns(): void {
    for (let turn = this.turns.shift(); turn !== undefined; turn = this.turns.shift()) turn();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  resource(plural: string): Resource {
    const found = this.rest.resources.find((resource) => resource.plural === plural);
    if (found === undefined) throw new Error(`no resource ${plural}`);
    return found;
  }

  refusal(message: string): StatusError {
    return new StatusError('Forbidden', message);
  }

  private target(plural: string, name: string, namespace: string) {
    const resource = this.resource(plural);
    return { resource, namespace: resource.namespaced ? namespace : '', name };
  }

  private start(): RunningControllers {
    return startControllers({
      rest: this.rest,
      clock: this.clock,
      caCertificate: 'CA',
      defer: (action) => this.turns.push(action),
      onError: (error) => this.errors.push(error),
    });
  }

  private async isIdle(): Promise<boolean> {
    let idle = false;
    const noted = this.controllers.idle().then(() => {
      idle = true;
      return undefined;
    });
    void noted;
    await Promise.resolve();
    await Promise.resolve();
    return idle;
  }

  private actAsKubelet(): boolean {
    let worked = false;
    for (const pod of this.rest.store.list({ group: '', plural: 'pods' }).items) {
      if (textAt(pod, 'spec', 'nodeName') === '') continue;
      if (isGoing(pod)) {
        if (this.deaf || objectsAt(pod, 'metadata', 'finalizers').length > 0) continue;
        const target = this.target('pods', nameOf(pod), namespaceOf(pod));
        this.rest.delete(target, { gracePeriodSeconds: 0 }, kubelet);
        worked = true;
      } else if (textAt(pod, 'status', 'podIP') === '') worked = this.startPod(pod) || worked;
    }
    return worked;
  }

  private startPod(pod: JsonObject): boolean {
    const what = this.behaviour(pod);
    if (what === 'stuck') return false;
    this.addresses += 1;
    const podIP = `10.244.${this.addresses >> 8}.${this.addresses & 255}`;
    const phase = what === 'failed' ? 'Failed' : what === 'succeeded' ? 'Succeeded' : 'Running';
    this.setPod(pod, { phase, podIP, podIPs: [{ ip: podIP }] }, what === 'ready');
    return true;
  }

  /** Changes the status of a pod, as a kubelet would. */
  setPod(pod: JsonObject, status: JsonObject, ready: boolean): void {
    const lastTransitionTime = `${new Date(this.clock.calendarMs()).toISOString().slice(0, 19)}Z`;
    const known = objectsAt(pod, 'status', 'conditions').filter((each) => textAt(each, 'type') !== 'Ready');
    const conditions = [...known, { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }];
    this.setStatus('pods', pod, { ...objectAt(pod, 'status'), ...status, conditions });
  }
}

/** The end of an Event's name grows with time. */
function stampOf(event: JsonObject): string {
  return nameOf(event).split('.').at(-1) ?? '';
}

/** A template of one container. */
export function template(labels: JsonObject, image = 'nginx', spec: JsonObject = {}): JsonObject {
  return { metadata: { labels }, spec: { containers: [{ name: 'main', image }], ...spec } };
}

export function deployment(name: string, replicas: number, spec: JsonObject = {}): JsonObject {
  const labels = { app: name };
  return {
    metadata: { name, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: template(labels), ...spec },
  };
}
