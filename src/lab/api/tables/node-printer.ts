/** Nodes. */
import type { JsonObject } from '../json.ts';
import { isTrueAt, objectAt, objectsInPlace, sortedTextsAt, textAt, metadataOf } from '../field-values.ts';
import { age, AGE, column, NAME, nameOf, orNone, type Printer, wideColumn } from './printer.ts';

export const nodePrinter: Printer = {
  columns: [
    NAME,
    column('Status', 'Whether it is ready, and whether it takes new pods.'),
    column('Roles', 'What it is there for, by its labels.'),
    AGE,
    column('Version', 'Version of its kubelet.'),
    wideColumn('Internal-IP', 'Its address inside the cluster.'),
    wideColumn('External-IP', 'Its address outside.'),
    wideColumn('OS-Image', 'Its operating system.'),
    wideColumn('Kernel-Version', 'Its kernel.'),
    wideColumn('Container-Runtime', 'What runs its containers.'),
  ],
  cells: (node, nowMs) => {
    const status = objectAt(node, 'status');
    const info = objectAt(status, 'nodeInfo');
    return [
      nameOf(node),
      statusText(node, status),
      orNone(rolesOf(node).join(',')),
      age(node, nowMs),
      textAt(info, 'kubeletVersion'),
      addressOf(status, 'InternalIP'),
      addressOf(status, 'ExternalIP'),
      orUnknown(textAt(info, 'osImage')),
      orUnknown(textAt(info, 'kernelVersion')),
      orUnknown(textAt(info, 'containerRuntimeVersion')),
    ];
  },
};

function statusText(node: JsonObject, status: JsonObject): string {
  const ready = objectsInPlace(status, 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const state = ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return isTrueAt(objectAt(node, 'spec'), 'unschedulable') ? `${state},SchedulingDisabled` : state;
}

const ROLE = 'node-role.kubernetes.io/';

function rolesOf(node: JsonObject): readonly string[] {
  const roles = [...sortedTextsAt(metadataOf(node), 'labels')].flatMap(([key, value]) => {
    if (key.startsWith(ROLE)) return [key.slice(ROLE.length)];
    return key === 'kubernetes.io/role' ? [value] : [];
  });
  return [...new Set(roles.filter((role) => role !== ''))].sort((a, b) => (a < b ? -1 : 1));
}

function addressOf(status: JsonObject, type: string): string {
  const found = objectsInPlace(status, 'addresses').find((address) => textAt(address, 'type') === type);
  return orNone(found === undefined ? '' : textAt(found, 'address'));
}

function orUnknown(text: string): string {
  return text === '' ? '<unknown>' : text;
}
