import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { floorOf, inspectTree, readTree } from '../tools/floor-inspection.mjs';

describe('the house', () => {
  const inspection = inspectTree(readTree(fileURLToPath(new URL('../src', import.meta.url))));

  it('has modules on its floors', () => {
    expect(inspection.modules.length).toBeGreaterThan(50);
    expect(inspection.edges.length).toBeGreaterThan(inspection.modules.length);
  });

  it('keeps its rules', () => {
    expect(inspection.problems.map(({ file, line, message }) => `src/${file}:${line}: ${message}`)).toEqual([]);
  });
});

/** Inspects a made-up tree and gives the problems as `kind file:line`. */
function problemsOf(tree: Record<string, string>): string[] {
  return inspectTree(new Map(Object.entries(tree))).problems.map(({ kind, file, line }) => `${kind} ${file}:${line}`);
}

const target = { 'base/a.ts': 'export const a = 1;\nexport type A = number;' };

describe('an edge is seen, however it is written', () => {
  const spellings: readonly [name: string, text: string][] = [
    ['import', "import { a } from '../cli/a.ts'; a;"],
    ['import for its effect', "import '../cli/a.ts';"],
    ['import type', "import type { A } from '../cli/a.ts'; export type B = A;"],
    ['inline type', "import { type A } from '../cli/a.ts'; export type B = A;"],
    ['import type expression', "export type B = import('../cli/a.ts').A;"],
    ['typeof import', "export type B = typeof import('../cli/a.ts');"],
    ['re-export', "export { a } from '../cli/a.ts';"],
    ['re-export of a type', "export type { A } from '../cli/a.ts';"],
    ['re-export of everything', "export * from '../cli/a.ts';"],
    ['dynamic import', "export const b = () => import('../cli/a.ts');"],
    ['dynamic import as template', 'export const b = () => import(`../cli/a.ts`);'],
    ['import equals', "import b = require('../cli/a.ts'); b;"],
    ['behind a regular expression with quotes', "export const r = /['\"`]/; import '../cli/a.ts';"],
    ['over several lines', "import {\n  a,\n} from\n  '../cli/a.ts'; a;"],
  ];
  it.each(spellings)('%s', (_name, text) => {
    const found = inspectTree(
      new Map([
        ['base/b.ts', text],
        ['cli/a.ts', target['base/a.ts']],
      ]),
    );
    const upward = found.problems.filter(({ kind }) => kind === 'upward');
    expect(upward).toHaveLength(1);
    expect(upward[0]?.message).toContain('cli/a.ts');
    expect(found.edges).toHaveLength(1);
  });

  const lookalikes: readonly [name: string, text: string][] = [
    ['a comment', "// import { a } from '../cli/a.ts';\n/* export * from '../cli/a.ts' */ export const b = 1;"],
    ['a string', 'export const b = "import { a } from \'../cli/a.ts\'";'],
    ['a template', "export const b = `import '../cli/a.ts'`;"],
    ['a member named import', "export const b = (c: { import(x: string): void }) => c.import('../cli/a.ts');"],
  ];
  it.each(lookalikes)('%s is no edge', (_name, text) => {
    expect(
      inspectTree(
        new Map([
          ['base/b.ts', text],
          ['cli/a.ts', target['base/a.ts']],
        ]),
      ),
    ).toMatchObject({
      edges: [],
      problems: [],
    });
  });
});

describe('what breaks the rules is found', () => {
  it('no modules at all', () => {
    expect(problemsOf({})).toEqual(['empty .:1']);
  });

  it('a folder or a loose file that the house does not have', () => {
    expect(problemsOf({ 'utils/a.ts': '', 'a.ts': '' })).toEqual(['folder utils/a.ts:1', 'folder a.ts:1']);
  });

  it('a file that does not parse', () => {
    expect(problemsOf({ 'base/a.ts': 'export const = ;' })).toEqual(['syntax base/a.ts:1']);
  });

  it('an import of a file that is not there, or outside the tree', () => {
    expect(problemsOf({ 'base/b.ts': "import './gone.ts';\nimport '../../tests/a.ts';\nimport './b';" })).toEqual([
      'unresolved base/b.ts:1',
      'unresolved base/b.ts:2',
      'unresolved base/b.ts:3',
    ]);
  });

  it('a dynamic import whose target is not in the text', () => {
    expect(problemsOf({ 'cli/b.ts': 'export const b = (name: string) => import(name);' })).toEqual([
      'unresolved cli/b.ts:1',
    ]);
  });

  it('an edge to another folder of the same floor', () => {
    expect(problemsOf({ 'rules/b.ts': "\nimport '../learn/c.ts';", 'learn/c.ts': '' })).toEqual([
      'sideways rules/b.ts:2',
    ]);
  });

  it('an import of the library index', () => {
    expect(problemsOf({ 'cli/b.ts': "import '../index.ts';", 'index.ts': '' })).toEqual(['index cli/b.ts:1']);
  });

  it('cycles between files, of types too, and each loop once', () => {
    const tree = {
      'base/a.ts': "import type { B } from './b.ts'; export type A = B;",
      'base/b.ts': "export * from './c.ts';",
      'base/c.ts': "import './a.ts';",
      'base/d.ts': "import './a.ts';",
      'yaml/e.ts': "import './e.ts';",
    };
    const { problems } = inspectTree(new Map(Object.entries(tree)));
    expect(problems.map(({ message }) => message)).toEqual([
      'import cycle: base/a.ts -> base/b.ts -> base/c.ts -> base/a.ts',
      'import cycle: yaml/e.ts -> yaml/e.ts',
    ]);
  });

  it('packages on a pure floor, and the YAML library outside its home', () => {
    const imports = "import 'js-yaml';\nimport 'commander';";
    expect(problemsOf({ 'yaml/a.ts': imports, 'kube/a.ts': imports, 'cli/a.ts': imports })).toEqual([
      'package yaml/a.ts:2',
      'package kube/a.ts:1',
      'package kube/a.ts:2',
      'package cli/a.ts:1',
    ]);
  });

  const impurities: readonly string[] = [
    "import { readFileSync } from 'node:fs'; readFileSync;",
    "import type { Stats } from 'node:fs'; export type S = Stats;",
    'export const a = process.env;',
    'export const a = globalThis;',
    'export const a = { process };',
    'export type A = Buffer;',
    'export const a = Date.now();',
    "export const a = Date['now']();",
    'export const a = Date.now;',
    'export const a = new Date();',
    'export const a = Date();',
    'export const a = Math.random();',
    'setTimeout(() => {}, 1);',
    'export const a = performance.now();',
    'export const a = crypto.randomUUID();',
    'console.log(1);',
    'export const a = import.meta.url;',
    "export const a = ['b'].sort((x, y) => x.localeCompare(y));",
    'export const a = (1).toLocaleString();',
    'export const a = new Intl.Collator();',
  ];
  it.each(impurities)('impure: %s', (text) => {
    expect(problemsOf({ 'report/a.ts': text })).toContain('impure report/a.ts:1');
    expect(problemsOf({ 'io/a.ts': text })).toEqual([]);
  });

  const pure: readonly string[] = [
    'export const a = (b: { process: number }) => b.process;',
    'export const a = { process: 1, setTimeout: 2 };',
    'export interface A { readonly console: string }',
    "export const a = 'process.env';",
    "export const a = new Date('2020-01-01').getTime();",
    'export const a = Math.max(1, 2);',
  ];
  it.each(pure)('pure: %s', (text) => {
    expect(problemsOf({ 'report/a.ts': text })).toEqual([]);
  });

  it('every folder of the table has its floor', () => {
    expect(
      ['base', 'yaml', 'kube', 'model', 'engine', 'rules', 'report', 'io', 'lab', 'cli'].map((folder) =>
        floorOf(`${folder}/a.ts`),
      ),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
