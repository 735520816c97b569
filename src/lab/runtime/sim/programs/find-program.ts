/** The programs of the simulation by name. */
import { Shell } from '../shell/shell.ts';
import type { SimProcess, SimProgram } from '../sim-process.ts';
import { EVERYDAY } from './everyday.ts';
import { dig, host, nslookup } from './name-clients.ts';
import { probe } from './probe.ts';
import { agnhostConnect, nc, ping, telnet } from './socket-clients.ts';
import { milliseconds } from './waiting.ts';
import { curl, wget } from './web-clients.ts';

const TIMED_OUT = 124;

const PROGRAMS: ReadonlyMap<string, SimProgram> = new Map<string, SimProgram>([
  ...EVERYDAY,
  ['curl', curl],
  ['wget', wget],
  ['nc', nc],
  ['ncat', nc],
  ['netcat', nc],
  ['telnet', telnet],
  ['nslookup', nslookup],
  ['dig', dig],
  ['host', host],
  ['ping', ping],
  ['ping6', ping],
  ['sallyport-probe', probe],
  ['agnhost', agnhost],
  ['timeout', timeout],
  ['sh', shell],
  ['ash', shell],
  ['bash', shell],
  ['dash', shell],
  ['busybox', busybox],
]);

/** `undefined` when the simulation has none. */
export function findProgram(name: string): SimProgram | undefined {
  return PROGRAMS.get(name.slice(name.lastIndexOf('/') + 1));
}

export const PROGRAM_NAMES: readonly string[] = [...PROGRAMS.keys()].sort();

async function shell(process: SimProcess): Promise<number> {
  const [name = 'sh', ...args] = process.argv;
  const flags = args.findIndex((arg) => !/^-[a-z]+$/.test(arg));
  const given = (flags < 0 ? args : args.slice(0, flags)).join('');
  const rest = flags < 0 ? [] : args.slice(flags);
  const [script] = rest;
  if (given.includes('c')) {
    const [, zero = name, ...parameters] = rest;
    return new Shell(findProgram, process.env, [zero, ...parameters]).run(
      `${given.includes('e') ? 'set -e\n' : ''}${script ?? ''}`,
      process,
    );
  }
  if (script === undefined) return new Shell(findProgram, process.env, [name]).interact(process);
  const content = process.machine.files.read(script);
  if (content === undefined) {
    await process.complain(`${name}: can't open '${script}': No such file or directory\n`);
    return 2;
  }
  return new Shell(findProgram, process.env, rest).run(content.toString(), process);
}

async function busybox(process: SimProcess): Promise<number> {
  const argv = process.argv.slice(1);
  const program = findProgram(argv[0] ?? '');
  if (program !== undefined) return program(process.with({ argv }));
  await process.complain(`busybox: the simulation has: ${PROGRAM_NAMES.join(', ')}\n`);
  return 127;
}

async function agnhost(process: SimProcess): Promise<number> {
  if (process.argv[1] === 'connect') return agnhostConnect(process);
  await process.complain('agnhost: in a pod that runs already the simulation has only: agnhost connect HOST:PORT\n');
  return 1;
}

/** `timeout [-s SIGNAL] [-k TIME] TIME COMMAND…` */
async function timeout(process: SimProcess): Promise<number> {
  const args = process.argv.slice(1);
  let at = 0;
  while (args[at]?.startsWith('-') === true) at += /^-[sk]$/.test(args[at] ?? '') ? 2 : 1;
  const limitMs = milliseconds(args[at]);
  const argv = args.slice(at + 1);
  const program = findProgram(argv[0] ?? '');
  if (limitMs === undefined || program === undefined) {
    await process.complain(
      limitMs === undefined
        ? 'timeout: invalid time interval\n'
        : `timeout: can't execute '${argv[0] ?? ''}': No such file or directory\n`,
    );
    return limitMs === undefined ? 125 : 127;
  }
  const over = new AbortController();
  let late = false;
  const cancel = process.machine.clock.after(Math.min(limitMs, 2 ** 31 - 1), () => {
    late = true;
    over.abort();
  });
  const code = await program(process.with({ argv, signal: AbortSignal.any([process.signal, over.signal]) }));
  cancel();
  return late ? TIMED_OUT : code;
}
