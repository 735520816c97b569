/** The same objects as JSON, YAML of several styles, lists, one input or many: reading them gives the same. */
import { expect, test } from 'vitest';
import {
  type CreateNodeOptions,
  type DocumentOptions,
  type SchemaOptions,
  stringify,
  type ToStringOptions,
} from 'yaml';
import { readManifests } from '../../src/kube/read.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { randomCluster } from './random-cluster.ts';

type Style = DocumentOptions & SchemaOptions & CreateNodeOptions & ToStringOptions;

function yaml(object: unknown, style: Style = {}): string {
  // Kubernetes reads YAML 1.1: the writer must quote what that version takes for booleans and octal numbers.
  return stringify(object, { version: '1.1', ...style });
}

const list = (items: readonly Manifest[]) => ({ apiVersion: 'v1', kind: 'List', items });
const documents = (items: readonly Manifest[], style?: Style): string =>
  items.map((each) => yaml(each, style)).join('---\n');

const spellings: readonly (readonly [string, (items: readonly Manifest[]) => readonly string[]])[] = [
  ['YAML documents', (items) => [documents(items)]],
  ['one text each', (items) => items.map((each) => yaml(each))],
  ['a YAML List', (items) => [yaml(list(items))]],
  ['Lists in a List', (items) => [yaml({ apiVersion: 'v1', kind: 'List', items: items.map((each) => list([each])) })]],
  ['indented JSON', (items) => [JSON.stringify(list(items), null, 4)]],
  ['flow style', (items) => [documents(items, { collectionStyle: 'flow' })]],
  [
    'quoted everywhere',
    (items) => [documents(items, { defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'QUOTE_DOUBLE' })],
  ],
  ['deep indentation', (items) => [documents(items, { indent: 7, indentSeq: false })]],
  ['CRLF', (items) => [documents(items).replaceAll('\n', '\r\n')]],
  [
    'a byte order mark, comments and empty documents',
    (items) => [`\ufeff# first\n---\n${documents(items).replaceAll('---\n', '---\n# more\n---\n')}\n...\n`],
  ],
  [
    'anchors',
    (items) => [
      yaml(list(items.map((each) => ({ ...each, metadata: { ...each.metadata, annotations: shared } }))), {
        aliasDuplicateObjects: true,
      }),
    ],
  ],
];

const shared = { note: 'the same map in every object' };

/** Without places, and without the annotations that only one spelling adds. */
function essence(texts: readonly string[]): unknown {
  const { objects, diagnostics } = readManifests(texts.map((text, index) => ({ name: `input ${index}`, text })));
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return JSON.parse(
    JSON.stringify(objects, (key, value: unknown) => {
      if (key === 'span' || key === 'annotations') return undefined;
      if (typeof value === 'bigint') return `${value}n`;
      return value instanceof Map
        ? [...(value as Map<string, string>)].toSorted(([a], [b]) => (a < b ? -1 : 1))
        : value;
    }),
  );
}

test.each(spellings)('%s', (_name, write) => {
  for (let seed = 2000; seed < 2020; seed++) {
    const objects = randomCluster(seed);
    expect(essence(write(objects))).toEqual(essence([JSON.stringify(list(objects))]));
  }
});
