/**
 * Reads every import of a source tree and says where it breaks the house rules (ARCHITECTURE.md, "Floors").
 *
 * The tree is parsed, not searched: type imports, `import('…')` types, re-exports and dynamic imports all count as
 * edges, and a word in a string or a comment never does.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/** Folder under `src/` to floor. A file imports from its own folder and from lower floors only. */
export const floorOfFolder = new Map([
  ['base', 0],
  ['yaml', 1],
  ['kube', 2],
  ['model', 3],
  ['engine', 4],
  ['rules', 5],
  ['learn', 5],
  ['dataplane', 5],
  ['intents', 5],
  ['probe', 5],
  ['report', 6],
  ['io', 7],
  ['agent', 8],
  ['lab', 8],
  ['server', 8],
  ['cli', 9],
]);

/** `src/index.ts`, the face of the library: it re-exports from any floor and nothing imports it. */
export const libraryIndex = 'index.ts';
const indexFloor = 10;

const highestPureFloor = 6;

/** Packages that a pure floor may import: they are pure themselves, and each has one home. */
const homeOfPackage = new Map([['js-yaml', 'yaml']]);

/** Names that reach for the machine, the clock or chance. Pure floors may not even shadow them. */
const impureNames = new Set(
  (
    'process Buffer global globalThis window navigator document console require module exports __dirname ' +
    '__filename NodeJS setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate ' +
    'requestAnimationFrame performance crypto fetch WebSocket XMLHttpRequest Worker localStorage Intl eval'
  ).split(' '),
);

/** Members that depend on the clock, on chance or on the machine's locale, as `object.member`. */
const impureMembers = new Set(['Date.now', 'Math.random']);
const localeMember = /^(localeCompare|toLocale[A-Z]\w*)$/;

/**
 * @typedef {{ from: string, to: string, specifier: string, line: number }} Edge Paths are relative to the tree.
 * @typedef {{ kind: ProblemKind, file: string, line: number, message: string }} Problem
 * @typedef {'empty' | 'syntax' | 'folder' | 'unresolved' | 'upward' | 'sideways' | 'index' | 'cycle' | 'package' | 'impure'} ProblemKind
 * @typedef {{ modules: string[], edges: Edge[], problems: Problem[] }} Inspection
 * @typedef {{ type: string, start: number, end: number, [key: string]: unknown }} AstNode
 */

/**
 * Every `.ts` file below `root`, as path relative to it (with `/`) to text.
 *
 * @param {string} root
 * @returns {Map<string, string>}
 */
export function readTree(root) {
  /** @type {Map<string, string>} */
  const files = new Map();
  /** @param {string} folder */
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.[cm]?tsx?$/.test(entry.name)) files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  visit('.');
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The floor of a file, or `undefined` when it lies in no known folder.
 *
 * @param {string} file
 */
export function floorOf(file) {
  if (file === libraryIndex) return indexFloor;
  const slash = file.indexOf('/');
  return slash === -1 ? undefined : floorOfFolder.get(file.slice(0, slash));
}

/**
 * @param {ReadonlyMap<string, string>} files
 * @returns {Inspection}
 */
export function inspectTree(files) {
  /** @type {Problem[]} */
  const problems = [];
  /** @type {Edge[]} */
  const edges = [];
  if (files.size === 0)
    problems.push({ kind: 'empty', file: '.', line: 1, message: 'no module found: nothing was checked' });
  for (const [file, text] of files) {
    const floor = floorOf(file);
    if (floor === undefined) {
      problems.push({ kind: 'folder', file, line: 1, message: 'lies in no folder of the house' });
      continue;
    }
    const parsed = parseSync(file, text);
    if (parsed.errors.length > 0) {
      problems.push({ kind: 'syntax', file, line: 1, message: parsed.errors[0]?.message ?? 'does not parse' });
      continue;
    }
    const lineOf = lineCounter(text);
    const pure = floor <= highestPureFloor;
    walk(/** @type {AstNode} */ (/** @type {unknown} */ (parsed.program)), (node) => {
      const specifier = importedBy(node);
      if (specifier !== undefined) {
        const line = lineOf(node.start);
        if (specifier === null) {
          problems.push({
            kind: 'unresolved',
            file,
            line,
            message: 'imports something that is only known at run time',
          });
        } else if (specifier.startsWith('.')) {
          const to = posix.normalize(posix.join(posix.dirname(file), specifier));
          edges.push({ from: file, to, specifier, line });
        } else {
          const problem = packageProblem(file, specifier, pure);
          if (problem !== undefined) problems.push({ ...problem, file, line });
        }
      }
      const impure = pure ? impurity(node) : undefined;
      if (impure !== undefined) {
        problems.push({ kind: 'impure', file, line: lineOf(node.start), message: `${impure} on a pure floor` });
      }
    });
  }
  edges.sort((a, b) => (a.from === b.from ? a.line - b.line : a.from < b.from ? -1 : 1));
  for (const edge of edges) {
    const problem = edgeProblem(edge, files);
    if (problem !== undefined) problems.push({ ...problem, file: edge.from, line: edge.line });
  }
  for (const cycle of fileCycles([...files.keys()], edges)) {
    problems.push({ kind: 'cycle', file: cycle[0] ?? '', line: 1, message: `import cycle: ${cycle.join(' -> ')}` });
  }
  return { modules: [...files.keys()], edges, problems };
}

/**
 * @param {string} file
 * @param {string} specifier
 * @param {boolean} pure
 * @returns {{ kind: ProblemKind, message: string } | undefined}
 */
function packageProblem(file, specifier, pure) {
  const folder = file.slice(0, file.indexOf('/'));
  const home = homeOfPackage.get(specifier);
  if (home !== undefined) {
    return home === folder ? undefined : { kind: 'package', message: `\`${specifier}\` is for src/${home}/ alone` };
  }
  if (!pure) return undefined;
  if (specifier.startsWith('node:')) return { kind: 'impure', message: `imports \`${specifier}\` on a pure floor` };
  return { kind: 'package', message: `imports the package \`${specifier}\` on a pure floor` };
}

/**
 * @param {Edge} edge
 * @param {ReadonlyMap<string, string>} files
 * @returns {{ kind: ProblemKind, message: string } | undefined}
 */
function edgeProblem(edge, files) {
  if (!files.has(edge.to)) return { kind: 'unresolved', message: `\`${edge.specifier}\` is no file of the tree` };
  if (edge.to === libraryIndex) return { kind: 'index', message: 'imports the library index' };
  const from = floorOf(edge.from);
  const to = floorOf(edge.to);
  if (from === undefined || to === undefined || from > to) return undefined;
  if (to > from) return { kind: 'upward', message: `imports upward: floor ${from} to ${edge.to} on floor ${to}` };
  const sameFolder = edge.from.split('/')[0] === edge.to.split('/')[0];
  return sameFolder ? undefined : { kind: 'sideways', message: `imports ${edge.to}, another folder of floor ${from}` };
}

/**
 * What a node imports: the specifier, `null` when it cannot be read from the text, `undefined` when it imports nothing.
 *
 * @param {AstNode} node
 * @returns {string | null | undefined}
 */
function importedBy(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literalText(node['source']);
    case 'ExportNamedDeclaration':
      return node['source'] === null ? undefined : literalText(node['source']);
    case 'TSExternalModuleReference':
      return literalText(node['expression']);
    default:
      return undefined;
  }
}

/**
 * @param {unknown} node
 * @returns {string | null}
 */
function literalText(node) {
  if (!isNode(node)) return null;
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null;
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node['quasis']) || node['quasis'].length !== 1) return null;
  const quasis = /** @type {{ value: { cooked: string } }[]} */ (node['quasis']);
  return quasis[0]?.value.cooked ?? null;
}

/**
 * @param {AstNode} node
 * @returns {string | undefined}
 */
function impurity(node) {
  if (node.type === 'Identifier' && impureNames.has(String(node['name']))) return `\`${String(node['name'])}\``;
  if (node.type === 'MetaProperty' && isNode(node['meta']) && node['meta']['name'] === 'import') return '`import.meta`';
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    const args = node['arguments'];
    if (
      nameOf(node['callee']) === 'Date' &&
      Array.isArray(args) &&
      (args.length === 0 || node.type === 'CallExpression')
    ) {
      return 'the current time';
    }
  }
  if (node.type === 'MemberExpression') {
    const property = memberName(node);
    const member = `${nameOf(node['object'])}.${property}`;
    if (impureMembers.has(member)) return `\`${member}\``;
    if (localeMember.test(property)) return `\`${property}\` (depends on the locale)`;
  }
  return undefined;
}

/** @param {AstNode} node A MemberExpression. */
function memberName(node) {
  const property = node['property'];
  return node['computed'] === true ? (literalText(property) ?? '') : nameOf(property);
}

/** @param {unknown} node */
function nameOf(node) {
  return isNode(node) && node.type === 'Identifier' ? String(node['name']) : '';
}

/**
 * @param {unknown} value
 * @returns {value is AstNode}
 */
function isNode(value) {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/**
 * Visits every node that stands for a value, a binding or a type; names of properties are left out, since
 * `finding.process` does not touch the global.
 *
 * @param {AstNode} root
 * @param {(node: AstNode) => void} visit
 */
function walk(root, visit) {
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node);
    const shorthand = node['shorthand'] === true;
    /** @type {AstNode[]} */
    const children = [];
    for (const [key, value] of Object.entries(node)) {
      const names = (key === 'key' && !shorthand) || (key === 'property' && node.type !== 'Property');
      if (names && node['computed'] !== true) continue;
      if (key === 'imported' || key === 'exported') continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) children.push(child);
    }
    stack.push(...children.sort((a, b) => b.start - a.start));
  }
}

/**
 * Every strongly connected group of files, written as one loop through it.
 *
 * @param {readonly string[]} files
 * @param {readonly Edge[]} edges
 * @returns {string[][]}
 */
function fileCycles(files, edges) {
  /** @type {Map<string, string[]>} */
  const next = new Map(files.map((file) => [file, []]));
  for (const { from, to } of edges) if (next.has(to)) next.get(from)?.push(to);
  /** @type {string[][]} */
  const cycles = [];
  /** @type {Set<string>} */
  const finished = new Set();
  for (const start of files) {
    if (finished.has(start)) continue;
    /** @type {Map<string, string | undefined>} */
    const cameFrom = new Map([[start, undefined]]);
    const queue = [start];
    // The shortest way from a file back to itself; files that lie on a loop already shown are not shown again.
    search: for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      for (const to of next.get(file) ?? []) {
        if (to === start) {
          const loop = [start];
          for (
            let at = /** @type {string | undefined} */ (file);
            at !== undefined && at !== start;
            at = cameFrom.get(at)
          )
            loop.unshift(at);
          loop.unshift(start);
          for (const member of loop) finished.add(member);
          cycles.push(loop);
          break search;
        }
        if (cameFrom.has(to)) continue;
        cameFrom.set(to, file);
        queue.push(to);
      }
    }
    finished.add(start);
  }
  return cycles;
}

/** @param {string} text */
function lineCounter(text) {
  /** @param {number} offset */
  return (offset) => text.slice(0, offset).split('\n').length;
}
