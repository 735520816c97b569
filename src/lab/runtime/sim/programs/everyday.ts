/** The small programs that scripts are made of. */
import { chunksOf, type SimProcess, type SimProgram } from '../sim-process.ts';
import { readOptions } from './options.ts';
import { milliseconds, sleepFor } from './waiting.ts';

const MAX_INPUT = 4 * 1024 * 1024;
const MAX_SEQUENCE = 100_000;

async function echo(process: SimProcess): Promise<number> {
  const words = process.argv.slice(1);
  const flags = words.findIndex((word) => !/^-[neE]+$/.test(word));
  const given = (flags < 0 ? words : words.slice(0, flags)).join('');
  const text = (flags < 0 ? [] : words.slice(flags)).join(' ');
  await process.print(`${given.includes('e') ? escapes(text) : text}${given.includes('n') ? '' : '\n'}`);
  return 0;
}

async function printf(process: SimProcess): Promise<number> {
  const [format = '', ...values] = process.argv.slice(1);
  let next = 0;
  const text = escapes(format).replaceAll(/%[-0-9.]*([sd%])/g, (_match, kind: string) => {
    if (kind === '%') return '%';
    const value = values[next] ?? '';
    next += 1;
    return kind === 'd' ? String(Number(value) || 0) : value;
  });
  await process.print(text);
  return 0;
}

function escapes(text: string): string {
  const names: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', e: '\u001b', a: '\u0007' };
  return text.replaceAll(/\\([ntrea\\])/g, (_match, name: string) => names[name] ?? name);
}

async function cat(process: SimProcess): Promise<number> {
  const { operands } = readOptions(process.argv.slice(1), new Set());
  let code = 0;
  for (const path of operands.length === 0 ? ['-'] : operands) {
    const content = path === '-' ? undefined : process.machine.files.read(path);
    if (path === '-') for await (const chunk of chunksOf(process.stdin, process.signal)) await process.print(chunk);
    else if (content === undefined) {
      code = 1;
      await process.complain(
        `cat: can't open '${path}': No such file or directory (the lab is simulated and has few files)\n`,
      );
    } else await process.print(content);
  }
  return code;
}

async function ls(process: SimProcess): Promise<number> {
  const { files } = process.machine;
  const { operands } = readOptions(process.argv.slice(1), new Set());
  let code = 0;
  for (const path of operands.length === 0 ? ['/'] : operands) {
    if (files.isFolder(path))
      await process.print(
        files
          .list(path)
          .map((name) => `${name}\n`)
          .join(''),
      );
    else if (files.read(path) !== undefined) await process.print(`${path}\n`);
    else {
      code = 1;
      await process.complain(`ls: ${path}: No such file or directory\n`);
    }
  }
  return code;
}

async function env(process: SimProcess): Promise<number> {
  const [name] = process.argv.slice(1);
  if (name !== undefined && process.argv[0]?.endsWith('printenv') === true) {
    const value = process.env.get(name);
    if (value === undefined) return 1;
    await process.print(`${value}\n`);
    return 0;
  }
  await process.print([...process.env].map(([each, value]) => `${each}=${value}\n`).join(''));
  return 0;
}

async function hostname(process: SimProcess): Promise<number> {
  const { spec, addresses } = process.machine.host;
  const wantsAddress = process.argv.some((arg) => arg === '-i' || arg === '-I');
  await process.print(`${wantsAddress ? addresses.join(' ') : spec.hostname}\n`);
  return 0;
}

async function sleep(process: SimProcess): Promise<number> {
  const times = process.argv.slice(1).map((text) => milliseconds(text));
  if (times.length === 0 || times.includes(undefined)) {
    await process.complain(`sleep: invalid time interval\n`);
    return 1;
  }
  await sleepFor(
    process,
    times.reduce<number>((sum, each) => sum + (each ?? 0), 0),
  );
  return 0;
}

async function date(process: SimProcess): Promise<number> {
  const now = new Date(process.machine.clock.calendarMs());
  const format = process.argv.find((arg) => arg.startsWith('+'));
  const text = now.toUTCString();
  if (format === undefined)
    await process.print(
      `${text.slice(0, 3)} ${text.slice(8, 11)} ${text.slice(5, 7)} ${text.slice(17, 25)} UTC ${text.slice(12, 16)}\n`,
    );
  else
    await process.print(
      `${format
        .slice(1)
        .replaceAll('%s', String(Math.floor(now.getTime() / 1000)))
        .replaceAll('%F', now.toISOString().slice(0, 10))
        .replaceAll('%T', now.toISOString().slice(11, 19))}\n`,
    );
  return 0;
}

/** The first lines, or the last. */
function lines(last: boolean): SimProgram {
  return async (process) => {
    const { values, operands } = readOptions(
      process.argv.slice(1).map((arg) => arg.replace(/^-([0-9]+)$/, '-n$1')),
      new Set(['n', 'c', 'lines']),
    );
    const [path] = operands;
    if (last && (values.has('f') || values.has('F') || path === '/dev/null')) {
      await sleepFor(process, Number.POSITIVE_INFINITY);
      return 0;
    }
    const content = path === undefined ? await process.readAll(MAX_INPUT) : process.machine.files.read(path);
    if (content === undefined) {
      await process.complain(`${last ? 'tail' : 'head'}: ${path ?? ''}: No such file or directory\n`);
      return 1;
    }
    const bytes = Number(values.get('c') ?? Number.NaN);
    if (!Number.isNaN(bytes)) {
      await process.print(last ? content.subarray(Math.max(0, content.length - bytes)) : content.subarray(0, bytes));
      return 0;
    }
    const count = Math.abs(Number(values.get('n') ?? values.get('lines') ?? 10));
    const all = content.toString().split(/(?<=\n)/);
    await process.print((last ? all.slice(Math.max(0, all.length - count)) : all.slice(0, count)).join(''));
    return 0;
  };
}

/** Patterns are words: an expression could take for ever. `^`, `$` and `|` are understood. */
async function grep(process: SimProcess): Promise<number> {
  const { values, operands } = readOptions(process.argv.slice(1), new Set(['e', 'm', 'A', 'B', 'C']));
  const pattern = values.get('e') ?? operands[0] ?? '';
  const paths = values.has('e') ? operands : operands.slice(1);
  const contents =
    paths.length === 0
      ? [await process.readAll(MAX_INPUT)]
      : paths.map((path) => process.machine.files.read(path) ?? Buffer.alloc(0));
  const fold = (text: string): string => (values.has('i') ? text.toLowerCase() : text);
  const wanted = fold(pattern).split(/\\?\|/);
  const found = contents
    .flatMap((content) => content.toString().replace(/\n$/, '').split('\n'))
    .filter((line) => wanted.some((word) => holds(fold(line), word)) !== values.has('v'));
  if (values.has('c')) await process.print(`${found.length}\n`);
  else if (!values.has('q')) await process.print(found.map((line) => `${line}\n`).join(''));
  return found.length > 0 ? 0 : 1;
}

function holds(line: string, word: string): boolean {
  const atBegin = word.startsWith('^');
  const atEnd = word.endsWith('$') && word.length > 1;
  const inner = word.slice(atBegin ? 1 : 0, atEnd ? -1 : undefined);
  if (atBegin && atEnd) return line === inner;
  if (atBegin) return line.startsWith(inner);
  return atEnd ? line.endsWith(inner) : line.includes(inner);
}

async function wc(process: SimProcess): Promise<number> {
  const { values, operands } = readOptions(process.argv.slice(1), new Set());
  const content =
    operands[0] === undefined ? await process.readAll(MAX_INPUT) : process.machine.files.read(operands[0]);
  const text = (content ?? Buffer.alloc(0)).toString();
  const counts = [
    ['l', text.split('\n').length - 1],
    ['w', text.split(/\s+/).filter((word) => word !== '').length],
    ['c', Buffer.byteLength(text)],
  ] as const;
  const chosen = counts.filter(([name]) => values.has(name));
  await process.print(`${(chosen.length === 0 ? counts : chosen).map(([, count]) => count).join(' ')}\n`);
  return 0;
}

async function seq(process: SimProcess): Promise<number> {
  const numbers = process.argv.slice(1).map(Number);
  const [first = 1, second, third] = numbers;
  const from = second === undefined ? 1 : first;
  const step = third === undefined ? 1 : (second ?? 1);
  const to = third ?? second ?? first;
  const count = step === 0 ? 0 : Math.floor((to - from) / step) + 1;
  const length = Number.isFinite(count) ? Math.min(MAX_SEQUENCE, Math.max(0, count)) : 0;
  const values = Array.from({ length }, (_, index) => from + index * step);
  await process.print(values.map((value) => `${value}\n`).join(''));
  return numbers.some(Number.isNaN) ? 1 : 0;
}

async function tee(process: SimProcess): Promise<number> {
  const [path] = readOptions(process.argv.slice(1), new Set()).operands;
  const content = await process.readAll(MAX_INPUT);
  if (path !== undefined) process.machine.files.write(path, content, process.argv.includes('-a'));
  await process.print(content);
  return 0;
}

function test(process: SimProcess): Promise<number> {
  const [name = '', ...rest] = process.argv;
  const words = name.endsWith('[') && rest.at(-1) === ']' ? rest.slice(0, -1) : rest;
  const negated = words[0] === '!';
  const isTrue = condition(process, negated ? words.slice(1) : words);
  return Promise.resolve(isTrue === negated ? 1 : 0);
}

function condition({ machine }: SimProcess, words: readonly string[]): boolean {
  const [first = '', second, third = ''] = words;
  if (words.length <= 1) return first !== '';
  if (words.length === 2) {
    const operand = second ?? '';
    const { files } = machine;
    if (first === '-z') return operand === '';
    if (first === '-n') return operand !== '';
    if (first === '-d') return files.isFolder(operand);
    if (first === '-f' || first === '-s' || first === '-r') return files.read(operand) !== undefined;
    return first === '-e' && (files.isFolder(operand) || files.read(operand) !== undefined);
  }
  const [left, right] = [Number(first), Number(third)];
  switch (second) {
    case '=':
    case '==':
      return first === third;
    case '!=':
      return first !== third;
    case '-eq':
      return left === right;
    case '-ne':
      return left !== right;
    case '-lt':
      return left < right;
    case '-le':
      return left <= right;
    case '-gt':
      return left > right;
    case '-ge':
      return left >= right;
    default:
      return false;
  }
}

async function files(process: SimProcess): Promise<number> {
  const [name = '', ...args] = process.argv;
  const { operands } = readOptions(args, new Set());
  const { machine } = process;
  for (const path of operands)
    if (name.endsWith('touch')) machine.files.write(path, Buffer.alloc(0), true);
    else if (name.endsWith('mkdir')) machine.files.makeFolder(path);
    else machine.files.remove(path);
  return Promise.resolve(0);
}

function says(text: string): SimProgram {
  return async (process) => {
    await process.print(text);
    return 0;
  };
}

export const EVERYDAY: readonly (readonly [name: string, program: SimProgram])[] = [
  ['true', () => Promise.resolve(0)],
  ['false', () => Promise.resolve(1)],
  ['echo', echo],
  ['printf', printf],
  ['cat', cat],
  ['ls', ls],
  ['env', env],
  ['printenv', env],
  ['hostname', hostname],
  ['sleep', sleep],
  ['date', date],
  ['id', says('uid=0(root) gid=0(root) groups=0(root)\n')],
  ['whoami', says('root\n')],
  ['uname', says('Linux\n')],
  ['head', lines(false)],
  ['tail', lines(true)],
  ['grep', grep],
  ['wc', wc],
  ['seq', seq],
  ['tee', tee],
  ['test', test],
  ['[', test],
  ['touch', files],
  ['mkdir', files],
  ['rm', files],
  ['clear', says('')],
  ['stty', says('')],
];
