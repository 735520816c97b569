/** `sh` of the simulation. */
import { PassThrough, Readable } from 'node:stream';
import { absolute } from '../sim-files.ts';
import { chunksOf, type SimProcess, type SimProgram } from '../sim-process.ts';
import { parseScript } from './parse.ts';
import { sum } from './sum.ts';
import { type Command, type List, type Pipeline, type Redirect, ShellError, type Word } from './syntax.ts';

/** The program of that name, or path; `undefined` when there is none. */
export type FindProgram = (name: string) => SimProgram | undefined;

const MAX_SUBSTITUTED = 262_144;
/** Loops give way to others, and can be stopped. */
const LOOP_PAUSE_MS = 1;
const KILLED = 143;
/** Variables double quickly. */
const MAX_WORD = 1_048_576;
const MAX_JOBS = 50;

class ShellExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super('exit');
    this.code = code;
  }
}

class LoopEnd extends Error {
  readonly again: boolean;

  constructor(again: boolean) {
    super('break');
    this.again = again;
  }
}

export class Shell {
  private readonly find: FindProgram;
  private readonly variables: Map<string, string>;
  private readonly exported: Set<string>;
  private readonly parameters: readonly string[];
  private folder = '/';
  private status = 0;
  private jobs = 0;
  private errexit = false;

  constructor(find: FindProgram, env: ReadonlyMap<string, string>, parameters: readonly string[], folder = '/') {
    this.find = find;
    this.variables = new Map(env);
    this.exported = new Set(env.keys());
    this.parameters = parameters;
    this.folder = folder;
  }

  /** The exit code. Never rejects. */
  async run(script: string, process: SimProcess): Promise<number> {
    try {
      await this.list(parseScript(script), process);
      return this.status;
    } catch (error) {
      return this.caught(error, process);
    }
  }

  /** Line by line, as it comes. */
  async interact(process: SimProcess): Promise<number> {
    const prompt = (): Promise<void> => process.print(process.tty ? `${this.folder} # ` : '');
    const { keyboard } = process;
    const idle = (): void => void prompt();
    if (keyboard !== undefined) keyboard.interrupt = idle;
    let pending = '';
    await prompt();
    for await (const chunk of chunksOf(process.stdin, process.signal)) {
      pending += chunk.toString();
      for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
        const line = pending.slice(0, end);
        pending = pending.slice(end + 1);
        const typed = new AbortController();
        const signal = AbortSignal.any([process.signal, typed.signal]);
        if (keyboard !== undefined) keyboard.interrupt = () => typed.abort();
        try {
          await this.list(parseScript(line), process.with({ stdin: Readable.from([]), signal }));
        } catch (error) {
          if (error instanceof ShellExit && !typed.signal.aborted) return error.code;
          this.status = await this.caught(error, process);
        }
        if (typed.signal.aborted) this.status = 130;
        if (keyboard !== undefined) keyboard.interrupt = idle;
        await prompt();
      }
      if (pending.length > MAX_SUBSTITUTED) return 2;
    }
    if (process.signal.aborted) return KILLED;
    return pending === '' ? this.status : this.run(pending, process.with({ stdin: Readable.from([]) }));
  }

  private async caught(error: unknown, process: SimProcess): Promise<number> {
    if (error instanceof ShellExit) return error.code;
    if (error instanceof LoopEnd) return 0;
    if (!(error instanceof ShellError)) throw error;
    await process.complain(`sh: ${error.message}\n`);
    return error.exitCode;
  }

  private async list(list: List, process: SimProcess): Promise<void> {
    for (const { pipeline, after, background } of list) {
      if (process.signal.aborted) throw new ShellExit(KILLED);
      if ((after === '&&' && this.status !== 0) || (after === '||' && this.status === 0)) continue;
      if (background) {
        const apart = this.child();
        this.jobs += 1;
        if (this.jobs > MAX_JOBS) throw new ShellError(127, 'the simulation runs no more in the background');
        void apart
          .pipeline(pipeline, process.with({ stdin: Readable.from([]) }))
          .catch(() => undefined)
          .finally(() => (this.jobs -= 1));
        this.status = 0;
      } else await this.pipeline(pipeline, process);
      if (this.errexit && this.status !== 0 && after === ';' && !pipeline.negated) throw new ShellExit(this.status);
    }
  }

  private async pipeline({ commands, negated }: Pipeline, process: SimProcess): Promise<void> {
    const [only] = commands;
    if (commands.length === 1 && only !== undefined) await this.command(only, process);
    else await this.piped(commands, process);
    if (negated) this.status = this.status === 0 ? 1 : 0;
  }

  private async piped(commands: readonly Command[], process: SimProcess): Promise<void> {
    let stdin = process.stdin;
    const running = commands.map(async (command, index) => {
      const last = index === commands.length - 1;
      const out = last ? process.stdout : new PassThrough();
      const shell = this.child();
      const own = process.with({ stdin, stdout: out });
      stdin = out;
      try {
        await shell.command(command, own);
      } catch (error) {
        shell.status = await shell.caught(error, process);
      }
      // Who reads no further does not hold up who writes.
      if (index > 0) own.stdin.resume();
      if (!last) out.end();
      return shell.status;
    });
    const codes = await Promise.all(running);
    this.status = codes.at(-1) ?? 0;
  }

  private child(): Shell {
    const shell = new Shell(this.find, this.variables, this.parameters, this.folder);
    for (const name of this.variables.keys()) if (!this.exported.has(name)) shell.exported.delete(name);
    shell.status = this.status;
    return shell;
  }

  private async command(command: Command, process: SimProcess): Promise<void> {
    if (command.kind === 'simple') {
      await this.simple(command, process);
      return;
    }
    const redirected = await this.redirected(command.redirects, process);
    if (redirected === undefined) return;
    const inner = redirected.process;
    switch (command.kind) {
      case 'group':
        if (command.own) {
          const shell = this.child();
          try {
            await shell.list(command.list, inner);
            this.status = shell.status;
          } catch (error) {
            this.status = await shell.caught(error, inner);
          }
        } else await this.list(command.list, inner);
        break;
      case 'if':
        await this.branch(command, inner);
        break;
      case 'while':
        await this.loop(
          async () => {
            await this.list(command.condition, inner);
            return (this.status === 0) !== command.until;
          },
          command.body,
          inner,
        );
        break;
      case 'for': {
        const values: string[] = [];
        for (const word of command.words) values.push(...(await this.fields(word, inner)));
        const rest = values[Symbol.iterator]();
        await this.loop(
          () => {
            const next = rest.next();
            if (next.done !== true) this.variables.set(command.name, next.value);
            return Promise.resolve(next.done !== true);
          },
          command.body,
          inner,
        );
        break;
      }
    }
    redirected.close();
  }

  private async branch(command: Extract<Command, { kind: 'if' }>, process: SimProcess): Promise<void> {
    for (const { condition, body } of command.branches) {
      await this.list(condition, process);
      if (this.status !== 0) continue;
      await this.list(body, process);
      return;
    }
    this.status = 0;
    await this.list(command.otherwise, process);
  }

  private async loop(goesOn: () => Promise<boolean>, body: List, process: SimProcess): Promise<void> {
    let status = 0;
    while (await goesOn()) {
      if (process.signal.aborted) throw new ShellExit(KILLED);
      try {
        await this.list(body, process);
      } catch (error) {
        if (!(error instanceof LoopEnd)) throw error;
        if (!error.again) break;
      }
      status = this.status;
      await process.sleep(LOOP_PAUSE_MS);
    }
    this.status = status;
  }

  private async simple(command: Extract<Command, { kind: 'simple' }>, process: SimProcess): Promise<void> {
    const argv: string[] = [];
    for (const word of command.words) argv.push(...(await this.fields(word, process)));
    bounded(argv.reduce((sum, each) => sum + each.length + 1, 0));
    const assigned: [string, string][] = [];
    for (const [name, word] of command.assignments) assigned.push([name, await this.text(word, process)]);
    const redirected = await this.redirected(command.redirects, process);
    if (redirected === undefined) return;
    try {
      if (argv.length === 0) {
        for (const [name, value] of assigned) this.variables.set(name, value);
        const substituted = command.assignments.some(([, word]) => word.some(({ kind }) => kind === 'command'));
        if (!substituted) this.status = 0;
        return;
      }
      this.status = await this.invoke(argv, assigned, redirected.process);
    } finally {
      redirected.close();
    }
  }

  private async invoke(
    argv: readonly string[],
    assigned: readonly (readonly [string, string])[],
    process: SimProcess,
  ): Promise<number> {
    const [name = '', ...args] = argv;
    switch (name) {
      case ':':
      case 'wait':
      case 'trap':
      case 'umask':
      case 'ulimit':
        return 0;
      case 'exit':
      case 'return':
        throw new ShellExit(args[0] === undefined ? this.status : Number(args[0]) & 255);
      case 'break':
        throw new LoopEnd(false);
      case 'continue':
        throw new LoopEnd(true);
      case 'set':
        if (args.some((arg) => /^-[a-z]*e/.test(arg))) this.errexit = true;
        return 0;
      case 'cd':
        return this.changeFolder(args[0] ?? '/', process);
      case 'pwd':
        await process.print(`${this.folder}\n`);
        return 0;
      case 'export':
        for (const arg of args) this.exportOne(arg);
        return 0;
      case 'unset':
        for (const arg of args) this.variables.delete(arg);
        return 0;
      case 'read':
        return this.read(
          args.filter((arg) => !arg.startsWith('-')),
          process,
        );
      case 'command':
      case 'exec':
        return args[0] === '-v'
          ? this.which(args[1] ?? '', process)
          : args.length === 0
            ? 0
            : this.invoke(args, assigned, process);
      case 'which':
      case 'type':
        return this.which(args[0] ?? '', process);
    }
    const program = this.find(name);
    if (program === undefined) {
      await process.complain(`sh: ${name}: not found (the lab is simulated and has few programs)\n`);
      return 127;
    }
    const env = new Map([...this.variables].filter(([each]) => this.exported.has(each)));
    for (const [each, value] of assigned) env.set(each, value);
    const code = await program(process.with({ argv: relativeTo(this.folder, name, argv), env }));
    return process.signal.aborted ? KILLED : code;
  }

  private async changeFolder(folder: string, process: SimProcess): Promise<number> {
    const path = absolute(folder, this.folder);
    if (!process.machine.files.isFolder(path)) {
      await process.complain(`sh: cd: can't cd to ${folder}: No such file or directory\n`);
      return 2;
    }
    this.folder = path;
    return 0;
  }

  private async which(name: string, process: SimProcess): Promise<number> {
    if (this.find(name) === undefined) return 1;
    await process.print(`${name.includes('/') ? name : `/usr/bin/${name}`}\n`);
    return 0;
  }

  private exportOne(arg: string): void {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (equals >= 0) this.variables.set(name, arg.slice(equals + 1));
    this.exported.add(name);
  }

  /** One line. What has come with it is lost, unless nobody else reads. */
  private async read(names: readonly string[], process: SimProcess): Promise<number> {
    const all = (await process.readAll(MAX_SUBSTITUTED)).toString();
    if (all === '') return 1;
    const words = (all.split('\n')[0] ?? '').trim().split(/[ \t]+/);
    for (const [index, name] of names.entries())
      this.variables.set(name, index === names.length - 1 ? words.slice(index).join(' ') : (words[index] ?? ''));
    return 0;
  }

  /** `undefined` when a file cannot be had: that is said, and the status is 1. */
  private async redirected(
    redirects: readonly Redirect[],
    process: SimProcess,
  ): Promise<{ readonly process: SimProcess; readonly close: () => void } | undefined> {
    let { stdin, stdout, stderr } = process;
    const opened: PassThrough[] = [];
    const { files } = process.machine;
    for (const { fd, kind, target } of redirects) {
      const name = await this.text(target, process);
      const path = absolute(name, this.folder);
      if (kind === 'read') {
        const content = name === '/dev/null' ? Buffer.alloc(0) : files.read(path);
        if (content === undefined) {
          await process.complain(`sh: can't open ${name}: no such file\n`);
          this.status = 1;
          return undefined;
        }
        stdin = Readable.from([content]);
      } else if (kind === 'copy') {
        if (fd === 2 && name === '1') stderr = stdout;
        else if (fd === 1 && name === '2') stdout = stderr;
      } else {
        const sink = new PassThrough();
        opened.push(sink);
        const problem = name === '/dev/null' ? undefined : files.write(path, Buffer.alloc(0), kind === 'append');
        if (problem !== undefined) {
          await process.complain(`sh: can't create ${name}: ${problem}\n`);
          this.status = 1;
          return undefined;
        }
        sink.on('data', (chunk: Buffer) => {
          if (name !== '/dev/null') files.write(path, chunk, true);
        });
        if (fd === 2 || kind === 'both') stderr = sink;
        if (fd === 1 || kind === 'both') stdout = sink;
      }
    }
    return {
      process: process.with({ stdin, stdout, stderr }),
      close: () => {
        for (const sink of opened) sink.end();
      },
    };
  }

  /** A word as arguments: what is not quoted is split. */
  private async fields(word: Word, process: SimProcess): Promise<readonly string[]> {
    const fields: string[] = [];
    let current: string | undefined;
    for (const piece of word) {
      if (piece.kind === 'variable' && piece.name === '@' && piece.quoted) {
        const [first, ...rest] = this.parameters.slice(1);
        if (first !== undefined) current = (current ?? '') + first;
        for (const each of rest) {
          fields.push(current ?? '');
          current = each;
        }
        continue;
      }
      const text = await this.piece(piece, process);
      if (piece.quoted || piece.kind === 'text') {
        current = (current ?? '') + text;
        bounded(current.length);
        continue;
      }
      bounded((current?.length ?? 0) + text.length);
      const parts = text.split(/[ \t\n]+/);
      for (const [index, part] of parts.entries()) {
        if (index > 0 && current !== undefined) {
          fields.push(current);
          current = undefined;
        }
        if (part !== '') current = (current ?? '') + part;
      }
    }
    if (current !== undefined) fields.push(current);
    return fields;
  }

  private async text(word: Word, process: SimProcess): Promise<string> {
    let text = '';
    for (const piece of word) {
      text += await this.piece(piece, process);
      bounded(text.length);
    }
    return text;
  }

  private async piece(piece: Word[number], process: SimProcess): Promise<string> {
    switch (piece.kind) {
      case 'text':
        return piece.text;
      case 'sum':
        return String(sum(piece.text, (name) => this.variables.get(name) ?? ''));
      case 'command':
        return this.substituted(piece.list, process);
      case 'variable': {
        const value = this.variable(piece.name);
        const empty = value === undefined || value === '';
        if (piece.operator === '+') return empty ? '' : this.text(piece.word, process);
        if (!empty || piece.operator === '') return value ?? '';
        const word = await this.text(piece.word, process);
        if (piece.operator === '=') this.variables.set(piece.name, word);
        return word;
      }
    }
  }

  private variable(name: string): string | undefined {
    switch (name) {
      case '?':
        return String(this.status);
      case '$':
        return '1';
      case '!':
        return '';
      case '#':
        return String(Math.max(0, this.parameters.length - 1));
      case '@':
      case '*':
        return this.parameters.slice(1).join(' ');
      default:
        return /^[0-9]$/.test(name) ? (this.parameters[Number(name)] ?? '') : this.variables.get(name);
    }
  }

  private async substituted(list: List, process: SimProcess): Promise<string> {
    const out = new PassThrough();
    const chunks: Buffer[] = [];
    let size = 0;
    out.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_SUBSTITUTED) chunks.push(chunk);
    });
    const ended = new Promise((resolve) => out.on('end', resolve));
    const shell = this.child();
    try {
      await shell.list(list, process.with({ stdout: out }));
      this.status = shell.status;
    } catch (error) {
      this.status = await shell.caught(error, process);
    }
    out.end();
    await ended;
    return Buffer.concat(chunks).toString().replace(/\n+$/, '');
  }
}

function bounded(length: number): void {
  if (length > MAX_WORD) throw new ShellError(127, 'the simulation expands no words as long as this');
}

/** Programs know no working folder: their relative paths begin with it. */
function relativeTo(folder: string, name: string, argv: readonly string[]): readonly string[] {
  if (folder === '/' || !FILE_PROGRAMS.has(name)) return argv;
  return argv.map((arg, index) => (index === 0 || arg.startsWith('-') ? arg : absolute(arg, folder)));
}

const FILE_PROGRAMS: ReadonlySet<string> = new Set(['cat', 'ls', 'head', 'tail', 'rm', 'touch', 'mkdir', 'test', 'wc']);
