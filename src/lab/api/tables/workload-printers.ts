/** Kinds that make pods. */
import { isObject, get, type JsonObject, type JsonValue } from '../json.ts';
import { numberAt, objectAt, objectsInPlace, sortedTextsAt, textAt, metadataOf } from '../field-values.ts';
import { humanDuration, timeOf } from './human-duration.ts';
import { age, AGE, column, NAME, nameOf, orNone, type Printer, wideColumn } from './printer.ts';
import { labelsText, selectorText } from './selector-text.ts';

const CONTAINERS = wideColumn('Containers', 'Names of the containers in the template.');
const IMAGES = wideColumn('Images', 'Images of the containers in the template.');
const SELECTOR = wideColumn('Selector', 'Which pods are its own.');

function templateCells(spec: JsonObject): readonly string[] {
  const containers = objectsInPlace(objectAt(objectAt(spec, 'template'), 'spec'), 'containers');
  return [
    containers.map((container) => textAt(container, 'name')).join(','),
    containers.map((container) => textAt(container, 'image')).join(','),
  ];
}

function selectorCell(spec: JsonObject): string {
  const selector = get(spec, 'selector');
  return isObject(selector) ? selectorText(selector) : '<none>';
}

function count(object: JsonObject, name: string): number {
  return numberAt(object, name) ?? 0;
}

export const deploymentPrinter: Printer = {
  columns: [
    NAME,
    column('Ready', 'Pods that are ready, of all that are wanted.'),
    column('Up-to-date', 'Pods made from the template as it is now.', 'integer'),
    column('Available', 'Pods that have been ready for long enough.', 'integer'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  cells: (deployment, nowMs) => {
    const spec = objectAt(deployment, 'spec');
    const status = objectAt(deployment, 'status');
    return [
      nameOf(deployment),
      `${count(status, 'readyReplicas')}/${count(spec, 'replicas')}`,
      count(status, 'updatedReplicas'),
      count(status, 'availableReplicas'),
      age(deployment, nowMs),
      ...templateCells(spec),
      selectorCell(spec),
    ];
  },
};

export const replicaSetPrinter: Printer = {
  columns: [
    NAME,
    column('Desired', 'Pods that are wanted.', 'integer'),
    column('Current', 'Pods that are there.', 'integer'),
    column('Ready', 'Pods that are ready.', 'integer'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  cells: (set, nowMs) => {
    const spec = objectAt(set, 'spec');
    const status = objectAt(set, 'status');
    return [
      nameOf(set),
      count(spec, 'replicas'),
      count(status, 'replicas'),
      count(status, 'readyReplicas'),
      age(set, nowMs),
      ...templateCells(spec),
      selectorCell(spec),
    ];
  },
};

export const statefulSetPrinter: Printer = {
  columns: [NAME, column('Ready', 'Pods that are ready, of all that are wanted.'), AGE, CONTAINERS, IMAGES],
  cells: (set, nowMs) => {
    const spec = objectAt(set, 'spec');
    const ready = count(objectAt(set, 'status'), 'readyReplicas');
    return [nameOf(set), `${ready}/${count(spec, 'replicas')}`, age(set, nowMs), ...templateCells(spec)];
  },
};

export const daemonSetPrinter: Printer = {
  columns: [
    NAME,
    column('Desired', 'Nodes that should run a pod of it.', 'integer'),
    column('Current', 'Nodes that should and do.', 'integer'),
    column('Ready', 'Nodes whose pod is ready.', 'integer'),
    column('Up-to-date', 'Nodes whose pod is made from the template as it is now.', 'integer'),
    column('Available', 'Nodes whose pod has been ready for long enough.', 'integer'),
    column('Node Selector', 'Labels of the nodes that it is for.'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  cells: (set, nowMs) => {
    const spec = objectAt(set, 'spec');
    const status = objectAt(set, 'status');
    return [
      nameOf(set),
      count(status, 'desiredNumberScheduled'),
      count(status, 'currentNumberScheduled'),
      count(status, 'numberReady'),
      count(status, 'updatedNumberScheduled'),
      count(status, 'numberAvailable'),
      labelsText(sortedTextsAt(objectAt(objectAt(spec, 'template'), 'spec'), 'nodeSelector')),
      age(set, nowMs),
      ...templateCells(spec),
      selectorCell(spec),
    ];
  },
};

export const jobPrinter: Printer = {
  columns: [
    NAME,
    column('Status', 'Whether it runs, or how it ended.'),
    column('Completions', 'Pods that succeeded, of all that should.'),
    column('Duration', 'How long it took, or has taken so far.'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  cells: (job, nowMs) => {
    const spec = objectAt(job, 'spec');
    const status = objectAt(job, 'status');
    return [
      nameOf(job),
      jobStatus(job, status),
      completionsText(spec, status),
      durationText(status, nowMs),
      age(job, nowMs),
      ...templateCells(spec),
      orNone(selectorCell(spec)),
    ];
  },
};

function jobStatus(job: JsonObject, status: JsonObject): JsonValue {
  const holding = new Set(
    objectsInPlace(status, 'conditions')
      .filter((condition) => textAt(condition, 'status') === 'True')
      .map((condition) => textAt(condition, 'type')),
  );
  const ended = ['Complete', 'Failed'].find((type) => holding.has(type));
  if (ended !== undefined) return ended;
  if (textAt(metadataOf(job), 'deletionTimestamp') !== '') return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find((type) => holding.has(type)) ?? 'Running';
}

function completionsText(spec: JsonObject, status: JsonObject): string {
  const succeeded = count(status, 'succeeded');
  const completions = numberAt(spec, 'completions');
  if (completions !== undefined) return `${succeeded}/${completions}`;
  const parallelism = count(spec, 'parallelism');
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText(status: JsonObject, nowMs: number): string {
  const start = timeOf(textAt(status, 'startTime'));
  if (start === undefined) return '';
  return humanDuration((timeOf(textAt(status, 'completionTime')) ?? nowMs) - start);
}

export const controllerRevisionPrinter: Printer = {
  columns: [
    NAME,
    column('Controller', 'Whose state it is.'),
    column('Revision', 'Which one of its states, counted from 1.', 'integer'),
    AGE,
  ],
  cells: (revision, nowMs) => [
    nameOf(revision),
    controllerText(revision),
    count(revision, 'revision'),
    age(revision, nowMs),
  ],
};

/** `statefulset.apps/web` */
function controllerText(object: JsonObject): string {
  const owner = objectsInPlace(metadataOf(object), 'ownerReferences').find((each) => get(each, 'controller') === true);
  if (owner === undefined) return '<none>';
  const apiVersion = textAt(owner, 'apiVersion');
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return `${textAt(owner, 'kind').toLowerCase()}${group}/${textAt(owner, 'name')}`;
}
