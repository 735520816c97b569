/** Pods as their owners make and remove them, with the Events that tell of it. */
import { fromEntries, get, type JsonObject } from '../api/json.ts';
import { StatusError } from '../api/status-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Surroundings } from './controller.ts';
import { isGoing, nameOf, namespaceOf, objectAt, textsAt } from '../api/field-values.ts';
import { controllerReference, NAMESPACES, PODS, type Writer } from './writer.ts';

/** A pod of a template, without a name of its own unless `metadata` gives one. */
export function podFromTemplate(owner: JsonObject, template: JsonObject, extra: PodExtras = {}): JsonObject {
  const labels = { ...objectAt(template, 'metadata', 'labels'), ...extra.labels };
  const annotations = { ...objectAt(template, 'metadata', 'annotations'), ...extra.annotations };
  const finalizers = textsAt(template, 'metadata', 'finalizers');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: fromEntries([
      extra.name === undefined ? ['generateName', `${nameOf(owner)}-`] : ['name', extra.name],
      ['labels', Object.keys(labels).length === 0 ? undefined : labels],
      ['annotations', Object.keys(annotations).length === 0 ? undefined : annotations],
      ['ownerReferences', [controllerReference(owner)]],
      ['finalizers', finalizers.length === 0 ? undefined : finalizers],
    ]),
    spec: { ...objectAt(template, 'spec'), ...extra.spec },
  };
}

/** Somebody may ask for a thousand million replicas; more than the nodes can hold is of no use. */
const MOST_PODS = 10_000;
/** Pods that an owner makes or removes in one sync; each of them makes it dirty again. */
export const BURST = 50;

export interface PodExtras {
  readonly name?: string;
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  /** Replaces fields of the template's spec. */
  readonly spec?: JsonObject;
}

/** How the kind of the owner tells of pods. */
export interface PodWords {
  readonly created: (pod: string, owner: string) => string;
  readonly deleted: (pod: string, owner: string) => string;
}

const WORDS: PodWords = { created: (pod) => `Created pod: ${pod}`, deleted: (pod) => `Deleted pod: ${pod}` };

export class PodMaking {
  private readonly writer: Writer;
  private readonly events: EventRecorder;
  private readonly index: ClusterIndex;
  private readonly component: string;
  private readonly words: PodWords;

  constructor(
    writer: Writer,
    { events, index }: Pick<Surroundings, 'events' | 'index'>,
    component: string,
    words: PodWords = WORDS,
  ) {
    this.writer = writer;
    this.events = events;
    this.index = index;
    this.component = component;
    this.words = words;
  }

  /** `undefined` where nothing can be made because the namespace ends. Throws what the API refuses, after telling of it. */
  create(owner: JsonObject, pod: JsonObject): JsonObject | undefined {
    const namespace = namespaceOf(owner);
    try {
      if (this.index.podCount() >= MOST_PODS)
        throw new StatusError('Forbidden', `the lab holds at most ${MOST_PODS} pods`);
      const made = this.writer.create(PODS, namespace, pod);
      this.tell(owner, 'Normal', 'SuccessfulCreate', this.words.created(nameOf(made), nameOf(owner)));
      return made;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const home = this.writer.find(NAMESPACES, '', namespace);
      if (home === undefined || isGoing(home)) return undefined;
      this.tell(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      throw error;
    }
  }

  remove(owner: JsonObject, pod: JsonObject): void {
    if (isGoing(pod)) return;
    this.writer.remove(PODS, pod, { propagationPolicy: 'Background' });
    this.tell(owner, 'Normal', 'SuccessfulDelete', this.words.deleted(nameOf(pod), nameOf(owner)));
  }

  private tell(about: JsonObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.events.record({ about, type, reason, message, component: this.component });
  }
}

/** What the API refused of it, so that the rest of a sync is done first; other errors are thrown. */
export function refusalOf(action: () => void): StatusError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

/** Whether the labels of an object are among those of another. */
export function hasLabels(object: JsonObject, labels: JsonObject): boolean {
  const own = objectAt(object, 'metadata', 'labels');
  return Object.entries(labels).every(([key, value]) => get(own, key) === value);
}
