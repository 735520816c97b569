import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagedFolder } from '../../../io/package-root.ts';

/**
 * The built-in programs: a few scripts for perl as every Debian has it (`perl-base`, no other modules). A script serves
 * several programs and sees by which name it was started (`$0`).
 */
export interface ProgramScript {
  /** Beside this file. */
  readonly file: string;
  /** The names it is started by, in the folder of built-in programs. */
  readonly programs: readonly string[];
}

export const PROGRAM_SCRIPTS: readonly ProgramScript[] = [
  {
    file: 'servers.pl',
    programs: [
      'http-server',
      'echo-server',
      'stand-in-server',
      'http-echo',
      'whoami',
      'agnhost',
      'pause',
      'nginx',
      'httpd',
      'httpd-foreground',
    ],
  },
  { file: 'web-clients.pl', programs: ['curl', 'wget'] },
  { file: 'socket-clients.pl', programs: ['nc', 'ncat', 'netcat', 'telnet', 'redis-cli', 'pg_isready', 'mysqladmin'] },
  { file: 'name-clients.pl', programs: ['nslookup', 'dig', 'host'] },
  { file: 'ping.pl', programs: ['ping', 'ping6'] },
  { file: 'shells.pl', programs: ['busybox', 'ash'] },
  { file: 'sallyport-probe.pl', programs: ['sallyport-probe'] },
];

/** From the name of each program to the script that it is: beside this file, or where the build has put it. */
export function programPaths(): ReadonlyMap<string, string> {
  const beside = fileURLToPath(new URL('.', import.meta.url));
  const [first] = PROGRAM_SCRIPTS;
  const folder =
    first !== undefined && existsSync(join(beside, first.file))
      ? beside
      : packagedFolder('dist', 'lab-programs', 'programs');
  return new Map(PROGRAM_SCRIPTS.flatMap(({ file, programs }) => programs.map((name) => [name, join(folder, file)])));
}
