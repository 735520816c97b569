import { describe, expect, it } from 'vitest';
import { readManifests } from '../../src/kube/read.ts';
import { locate, placeOf, type Located, type PathStep } from '../../src/rules/located-object.ts';
import { applyEdits, type TextEdit } from '../../src/rules/text-edit.ts';
import {
  addField,
  deleteField,
  deleteItem,
  insertItem,
  joinItems,
  replaceScalar,
  replaceValue,
} from '../../src/rules/yaml-edit.ts';

type Edit = (at: Located) => readonly TextEdit[] | undefined;

/** The field of the first policy of a text. */
function at(text: string, ...path: readonly PathStep[]): Located {
  const { objects, diagnostics } = readManifests([{ name: 'p.yaml', text }]);
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  const policy = objects.networkPolicies[0] ?? objects.clusterPolicies[0];
  const located = policy && locate(policy, ...path);
  if (located === undefined) throw new Error(`no ${path.join(' ')}`);
  return located;
}

function edited(text: string, path: readonly PathStep[], edit: Edit): string | undefined {
  const edits = edit(at(text, ...path));
  if (edits === undefined) return undefined;
  return [...applyEdits([edits]).texts.values()][0];
}

const head = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\nspec:\n  podSelector: {}\n';
const ports = ['spec', 'ingress', 0, 'ports'] as const;
const from = ['spec', 'ingress', 0, 'from'] as const;

interface Case {
  readonly name: string;
  readonly text: string;
  readonly path: readonly PathStep[];
  readonly edit: Edit;
  /** Without the head; `undefined`: refused. */
  readonly result: string | undefined;
}

const cases: readonly Case[] = [
  {
    name: 'inserts below the comments of the last item, indented like it',
    text: 'spec:\n  ingress:\n    - ports:\n        - port: 1 # one\n        - protocol: UDP\n          port: 2   # two\n      from: []\n',
    path: ports,
    edit: (list) => insertItem(list, { protocol: 'UDP', port: 53 }),
    result:
      'spec:\n  ingress:\n    - ports:\n        - port: 1 # one\n        - protocol: UDP\n          port: 2   # two\n        - protocol: UDP\n          port: 53\n      from: []\n',
  },
  {
    name: 'inserts into a list that is not indented',
    text: 'spec:\n  ingress:\n  - from:\n    - podSelector: {}\n',
    path: ['spec', 'ingress'],
    edit: (list) => insertItem(list, { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }),
    result:
      'spec:\n  ingress:\n  - from:\n    - podSelector: {}\n  - from:\n      - ipBlock:\n          cidr: 10.0.0.0/8\n          except:\n            - 10.1.0.0/16\n',
  },
  {
    name: 'inserts into a list in braces',
    text: 'spec: {ingress: [{ports: [ {port: 1} , ]}]}\n',
    path: ports,
    edit: (list) => insertItem(list, { port: 2 }),
    result: 'spec: {ingress: [{ports: [ {port: 1}, {port: 2} , ]}]}\n',
  },
  {
    name: 'keeps blanks within braces',
    text: 'spec:\n  ingress:\n    - ports:\n        - { port: 1 }\n',
    path: ports,
    edit: (list) => insertItem(list, { port: 2 }),
    result: 'spec:\n  ingress:\n    - ports:\n        - { port: 1 }\n        - { port: 2 }\n',
  },
  {
    name: 'inserts into an empty list',
    text: 'spec:\n  ingress: [ ] # none yet\n',
    path: ['spec', 'ingress'],
    edit: (list) => insertItem(list, {}),
    result: 'spec:\n  ingress: [{}] # none yet\n',
  },
  {
    name: 'inserts at the end of a text without a line break',
    text: 'spec:\n  policyTypes:\n    - Ingress',
    path: ['spec', 'policyTypes'],
    edit: (list) => insertItem(list, 'Egress'),
    result: 'spec:\n  policyTypes:\n    - Ingress\n    - Egress',
  },
  {
    name: 'inserts lines as Windows ends them',
    text: 'spec:\r\n  policyTypes:\r\n    - Ingress # in\r\n  ingress: []\r\n',
    path: ['spec', 'policyTypes'],
    edit: (list) => insertItem(list, 'Egress'),
    result: 'spec:\r\n  policyTypes:\r\n    - Ingress # in\r\n    - Egress\r\n  ingress: []\r\n',
  },
  {
    name: 'inserts beside a list in a list item',
    text: 'spec:\n  ingress:\n  -   ports:\n      -   port: 1\n',
    path: ports,
    edit: (list) => insertItem(list, { port: 2 }),
    result: 'spec:\n  ingress:\n  -   ports:\n      -   port: 1\n      - port: 2\n',
  },
  {
    name: 'deletes an item with its comment, and leaves the others their own',
    text: 'spec:\n  ingress:\n    - from:\n        # front\n        - podSelector:\n            matchLabels:\n              a: b # why\n        # all\n        - podSelector: {}\n',
    path: from,
    edit: (list) => deleteItem(list, 0),
    result: 'spec:\n  ingress:\n    - from:\n        # all\n        - podSelector: {}\n',
  },
  {
    name: 'deletes the last item of a text',
    text: 'spec:\n  policyTypes:\n    - Ingress\n    - Egress',
    path: ['spec', 'policyTypes'],
    edit: (list) => deleteItem(list, 1),
    result: 'spec:\n  policyTypes:\n    - Ingress',
  },
  {
    name: 'deletes items between brackets: the first',
    text: 'spec: {policyTypes: [Ingress, Egress]}\n',
    path: ['spec', 'policyTypes'],
    edit: (list) => deleteItem(list, 0),
    result: 'spec: {policyTypes: [Egress]}\n',
  },
  {
    name: 'deletes items between brackets: the last',
    text: 'spec: {policyTypes: [Ingress, Egress]}\n',
    path: ['spec', 'policyTypes'],
    edit: (list) => deleteItem(list, 1),
    result: 'spec: {policyTypes: [Ingress]}\n',
  },
  {
    name: 'never empties a list',
    text: 'spec:\n  policyTypes:\n    - Ingress\n',
    path: ['spec', 'policyTypes'],
    edit: (list) => deleteItem(list, 0),
    result: undefined,
  },
  {
    name: 'deletes an item whose dash stands on a line of its own',
    text: 'spec:\n  ingress:\n    -\n      ports: [{port: 1}]\n    - ports: [{port: 2}]\n',
    path: ['spec', 'ingress'],
    edit: (list) => deleteItem(list, 0),
    result: 'spec:\n  ingress:\n    - ports: [{port: 2}]\n',
  },
  {
    name: 'deletes a field with its lines',
    text: 'spec:\n  # not used\n  egress:\n    - to:\n        - podSelector: {}\n\n  # used\n  ingress: []\n',
    path: ['spec'],
    edit: (mapping) => deleteField(mapping, 'egress'),
    result: 'spec:\n\n  # used\n  ingress: []\n',
  },
  {
    name: 'deletes the field behind a dash',
    text: 'spec:\n  ingress:\n    - ports: # these\n        - port: 1\n      from:\n        - podSelector: {}\n',
    path: ['spec', 'ingress', 0],
    edit: (mapping) => deleteField(mapping, 'ports'),
    result: 'spec:\n  ingress:\n    - from:\n        - podSelector: {}\n',
  },
  {
    name: 'deletes the field behind others',
    text: 'spec: {ingress: [], egress: [] , policyTypes: [Ingress]}\n',
    path: ['spec'],
    edit: (mapping) => deleteField(mapping, 'egress'),
    result: 'spec: {ingress: [], policyTypes: [Ingress]}\n',
  },
  {
    name: 'never empties a mapping',
    text: 'spec:\n  ingress:\n    - ports:\n        - port: 1\n',
    path: ['spec', 'ingress', 0],
    edit: (mapping) => deleteField(mapping, 'ports'),
    result: undefined,
  },
  {
    name: 'replaces a number',
    text: 'spec:\n  ingress:\n    - ports:\n        - port: 80 # http\n',
    path: [...ports, 0, 'port'],
    edit: (scalar) => replaceScalar(scalar, 8080),
    result: 'spec:\n  ingress:\n    - ports:\n        - port: 8080 # http\n',
  },
  {
    name: 'keeps quotes',
    text: `spec:\n  ingress:\n    - ports:\n        - port: 'http'\n`,
    path: [...ports, 0, 'port'],
    edit: (scalar) => replaceScalar(scalar, "it's"),
    result: `spec:\n  ingress:\n    - ports:\n        - port: 'it''s'\n`,
  },
  {
    name: 'quotes what would be no text',
    text: 'spec:\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              tier: db\n',
    path: [...from, 0, 'podSelector', 'matchLabels', 'tier'],
    edit: (scalar) => replaceScalar(scalar, 'yes'),
    result:
      'spec:\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              tier: "yes"\n',
  },
  {
    name: 'adds a field behind another',
    text: 'spec:\n  podSelector:\n    matchLabels:\n      a: b\n  # what comes in\n  ingress: []\n',
    path: ['spec'],
    edit: (mapping) => addField(mapping, 'policyTypes', ['Ingress'], { after: 'podSelector' }),
    result:
      'spec:\n  podSelector:\n    matchLabels:\n      a: b\n  policyTypes:\n    - Ingress\n  # what comes in\n  ingress: []\n',
  },
  {
    name: 'adds a field at the end',
    text: 'spec: { podSelector: {} }\n',
    path: ['spec'],
    edit: (mapping) => addField(mapping, 'policyTypes', ['Ingress']),
    result: 'spec: { podSelector: {}, policyTypes: [Ingress] }\n',
  },
  {
    name: 'adds a field to empty braces',
    text: 'spec:\n  podSelector: {}\n',
    path: ['spec', 'podSelector'],
    edit: (mapping) => addField(mapping, 'matchLabels', { app: 'web' }),
    result: 'spec:\n  podSelector: {matchLabels: {app: web}}\n',
  },
  {
    name: 'does not add a field twice',
    text: 'spec:\n  podSelector: {}\n',
    path: ['spec'],
    edit: (mapping) => addField(mapping, 'podSelector', {}),
    result: undefined,
  },
  {
    name: 'replaces a block by a value on one line',
    text: 'spec:\n  podSelector:\n    matchLabels:\n      a: b\n  ingress: []\n',
    path: ['spec', 'podSelector'],
    edit: (mapping) => replaceValue(mapping, { matchLabels: { c: 'd' } }),
    result: 'spec:\n  podSelector: {matchLabels: {c: d}}\n  ingress: []\n',
  },
  {
    name: 'takes back a dash too many',
    text: 'spec:\n  ingress:\n    - from:\n        - namespaceSelector: {}\n        # and\n        - podSelector:\n            matchLabels: {a: b}\n',
    path: from,
    edit: (list) => joinItems(list, 0),
    result:
      'spec:\n  ingress:\n    - from:\n        - namespaceSelector: {}\n        # and\n          podSelector:\n            matchLabels: {a: b}\n',
  },
  {
    name: 'does not join items with the same field',
    text: 'spec:\n  ingress:\n    - from:\n        - podSelector: {}\n        - podSelector:\n            matchLabels: {a: b}\n',
    path: from,
    edit: (list) => joinItems(list, 0),
    result: undefined,
  },
  {
    name: 'does not join items that begin in different columns',
    text: 'spec:\n  ingress:\n    - from:\n        -   namespaceSelector: {}\n        - podSelector: {}\n',
    path: from,
    edit: (list) => joinItems(list, 0),
    result: undefined,
  },
];

describe('an edit', () => {
  it.each(cases)('$name', ({ text, path, edit, result }) => {
    const meta = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n';
    const after = edited(meta + text, path, edit);
    expect(after === undefined ? undefined : after.slice(meta.length)).toBe(result);
  });

  it('stays in its document', () => {
    const other = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n';
    const text = `# first\n${other}---\n${head}  policyTypes: [Ingress]\n---\n${other.replace('a}', 'b}')}`;
    const after = edited(text, ['spec', 'policyTypes'], (list) => insertItem(list, 'Egress'));
    expect(after).toBe(text.replace('[Ingress]', '[Ingress, Egress]'));
  });

  it('finds objects in lists', () => {
    const item = head.split('\n').map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`);
    const text = `apiVersion: v1\nkind: List\nitems:\n${item.join('\n').trimEnd()}\n      policyTypes:\n        - Ingress\n`;
    const after = edited(text, ['spec', 'policyTypes'], (list) => insertItem(list, 'Egress'));
    expect(after).toBe(`${text}        - Egress\n`);
  });

  it('writes JSON into JSON', () => {
    const text =
      '{\n  "apiVersion": "networking.k8s.io/v1",\n  "kind": "NetworkPolicy",\n  "metadata": {"name": "p"},\n  "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}\n}\n';
    const after = edited(text, ['spec', 'policyTypes'], (list) => insertItem(list, 'Egress'));
    expect(after).toBe(text.replace('"Ingress"', '"Ingress", "Egress"'));
    expect(() => void JSON.parse(after ?? '')).not.toThrow();
  });

  it('leaves anchors alone: another place would change too', () => {
    const text = `${head}  ingress:\n    - ports: &web\n        - port: 80\n    - ports: *web\n`;
    expect(edited(text, ports, (list) => insertItem(list, { port: 81 }))).toBeUndefined();
  });

  it('leaves merged fields alone: they stand elsewhere', () => {
    const text = `${head}  ingress:\n    - &one\n      ports:\n        - port: 80\n    - <<: *one\n      from: []\n`;
    expect(edited(text, ['spec', 'ingress', 1], (mapping) => deleteField(mapping, 'ports'))).toBeUndefined();
  });
});

describe('a path', () => {
  const text = `${head}  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              app.kubernetes.io/name: web\n`;
  const { objects } = readManifests([{ name: 'p.yaml', text }]);
  const [policy] = objects.networkPolicies;
  const shown = (...path: readonly PathStep[]): string | undefined => {
    const place = policy && placeOf(policy, ...path);
    return place && place.source.text.slice(place.start, place.end);
  };

  it.each([
    [
      ['spec.ingress[0].from[0]', 'podSelector', 'matchLabels', 'app.kubernetes.io/name'],
      'app.kubernetes.io/name: web',
    ],
    [['spec.ingress[0].from[0].podSelector', 'matchExpressions', 0], 'podSelector:\n'],
    [['spec', 'podSelector'], 'podSelector: {}'],
    [['spec.ingress[7]', 'ports'], 'ingress:\n'],
    [['metadata', 'name'], 'name: p'],
  ] as const)('%j leads to the nearest field', (path, begin) => {
    expect(shown(...path)?.slice(0, begin.length)).toBe(begin);
  });
});

describe('several edits', () => {
  const source = { name: 'a', text: 'abcdef' };
  const edit = (start: number, end: number, text: string): TextEdit => ({ source, start, end, text });

  it('are made together, from whichever end they come', () => {
    const { texts, deferred } = applyEdits([[edit(4, 5, 'E')], [edit(0, 1, 'A'), edit(2, 3, '')]]);
    expect(texts.get(source)).toBe('AbdEf');
    expect(deferred).toEqual([]);
  });

  it('wait for the next round when they touch', () => {
    const late = [edit(1, 3, 'x'), edit(5, 6, 'y')];
    const { texts, applied, deferred } = applyEdits([[edit(0, 2, '')], late, [edit(0, 2, '')]]);
    expect(texts.get(source)).toBe('cdef');
    expect(applied).toHaveLength(1);
    expect(deferred).toEqual([late]);
  });
});
