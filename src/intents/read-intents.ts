/** Intents files: YAML documents of `kind: Intents`. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText } from '../base/source.ts';
import { closest } from '../kube/suggest.ts';
import type { YamlNode } from '../yaml/node.ts';
import { parseManifests } from '../yaml/parse.ts';
import type { Assertion, Direction, Intent } from './intent.ts';
import { readEntries } from './read-ends.ts';
import { readPorts } from './read-ports.ts';
import { clipped, type Fields, kindOf, Reading } from './reading.ts';

export const intentsApiVersion = 'sallyport.dev/v1';
const intentsKind = 'Intents';

export interface ReadIntents {
  readonly intents: readonly Intent[];
  /** Errors: an intent that has one is not among `intents`. */
  readonly diagnostics: readonly Diagnostic[];
  /** Documents of `kind: Intents`; others are none of ours and are passed over. */
  readonly documents: number;
}

const assertionTypes = ['allow', 'deny', 'only', 'onlyTo', 'isolated'] as const;
const directions: readonly Direction[] = ['ingress', 'egress'];

/** Reads the intents of one text. Never throws; what is wrong is a diagnostic with its place. */
export function readIntents(source: SourceText): ReadIntents {
  const parsed = parseManifests(source, { wants: isOurs });
  const reading = new Reading(source);
  const intents: Intent[] = [];
  for (const { root } of parsed.documents) intents.push(...readDocument(root, reading));
  return {
    intents,
    diagnostics: [...parsed.diagnostics, ...reading.diagnostics],
    documents: parsed.documents.length,
  };
}

/** A slip in `kind` or `apiVersion` must not make a file of tests vanish. */
function isOurs(apiVersion: string, kind: string): boolean {
  return apiVersion === intentsApiVersion || kind === intentsKind || (apiVersion === '' && kind === '');
}

function readDocument(root: YamlNode, reading: Reading): readonly Intent[] {
  if (root.type === 'mapping') {
    const text = (name: string): string => {
      const value = root.entries.findLast(({ key }) => key.value === name)?.value;
      return value?.type === 'scalar' ? String(value.value) : '';
    };
    const [apiVersion, kind] = [text('apiVersion'), text('kind')];
    // Values of a chart and the like, in a folder that was named as a whole.
    if (apiVersion === '' && kind === '' && !root.entries.some(({ key }) => key.value === 'intents')) return [];
    if (apiVersion !== intentsApiVersion || kind !== intentsKind) {
      const message = `this is ${kind === '' ? 'no kind' : clipped(kind)} of ${apiVersion === '' ? 'no apiVersion' : clipped(apiVersion)}, not intents`;
      reading.fault(root, message, `begin with \`apiVersion: ${intentsApiVersion}\` and \`kind: ${intentsKind}\``);
      return [];
    }
  }
  const fields = reading.fields(root, 'an intents file', ['apiVersion', 'kind', 'metadata', 'namespace', 'intents']);
  if (fields === undefined) return [];
  const namespace = fields.text('namespace');
  const list = fields.required('intents');
  if (list === undefined) return [];
  if (list.type !== 'sequence') {
    reading.fault(list, `\`intents\` must be a list, not ${kindOf(list)}`, 'put `- ` in front of each');
    return [];
  }
  return list.items.flatMap((item) => readIntent(item, reading, namespace) ?? []);
}

function readIntent(node: YamlNode, reading: Reading, namespace: string | undefined): Intent | undefined {
  const before = reading.diagnostics.length;
  const known = ['name', 'reason', ...assertionTypes, 'unknown', 'mayMatchNothing'];
  const fields = reading.fields(node, 'an intent', known);
  if (fields === undefined) return undefined;
  fields.required('name');
  const name = fields.text('name');
  const reason = fields.text('reason');
  const unknown = fields.word('unknown', ['fail', 'accept']) ?? 'fail';
  const mayMatchNothing = fields.flag('mayMatchNothing');
  const given = assertionTypes.filter((type) => fields.has(type));
  const [type] = given;
  if (type === undefined || given.length > 1) {
    const message =
      type === undefined ? 'an intent asserts nothing' : `an intent asserts one thing, not ${given.join(' and ')}`;
    reading.fault(node, message, `give one of ${assertionTypes.join(', ')}`);
    return undefined;
  }
  const body = fields.get(type);
  const assertion = body === undefined ? undefined : readAssertion(type, body, reading);
  if (assertion === undefined || name === undefined || reading.diagnostics.length > before) return undefined;
  return { name, reason, assertion, unknown, mayMatchNothing, namespace, span: reading.span(node) };
}

function readAssertion(type: (typeof assertionTypes)[number], node: YamlNode, reading: Reading): Assertion | undefined {
  const what = `\`${type}\``;
  if (type === 'isolated') {
    const fields = reading.fields(node, what, ['pods', 'directions']);
    const podsNode = fields?.required('pods');
    if (fields === undefined || podsNode === undefined) return undefined;
    const pods = readEntries(podsNode, reading, { ports: false });
    return { type, pods, directions: readDirections(fields, reading) };
  }
  const known = ['from', 'to', 'ports', ...(type === 'allow' ? ['exactly'] : [])];
  const fields = reading.fields(node, what, known);
  if (fields === undefined) return undefined;
  const fromNode = fields.required('from');
  const toNode = fields.required('to');
  const portsNode = fields.get('ports');
  const ports = portsNode === undefined ? undefined : readPorts(portsNode, reading);
  if (fromNode === undefined || toNode === undefined) return undefined;
  const from = readEntries(fromNode, reading, { ports: type === 'only' });
  const to = readEntries(toNode, reading, { ports: true });
  if (type !== 'allow') return { type, from, to, ports };
  const exactly = fields.flag('exactly');
  const exactlyNode = fields.get('exactly');
  if (exactly && exactlyNode !== undefined && ports === undefined && to.some((entry) => entry.ports === undefined))
    reading.fault(exactlyNode, '`exactly` needs `ports`', 'say which ports are to be open, and no others');
  return { type, from, to, ports, exactly };
}

function readDirections(fields: Fields, reading: Reading): readonly Direction[] {
  const node = fields.get('directions');
  if (node === undefined) return directions;
  const found = reading.list(node).flatMap((item) => {
    const text = reading.text(item, 'a direction')?.toLowerCase();
    const direction = directions.find((candidate) => candidate === text);
    if (text !== undefined && direction === undefined) {
      const meant = closest(text, directions);
      reading.fault(item, 'a direction is ingress or egress', meant && `did you mean \`${meant}\`?`);
    }
    return direction ?? [];
  });
  return directions.filter((direction) => found.includes(direction));
}
