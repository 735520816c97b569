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
  { file: 'shells.pl', programs: ['busybox', 'ash', 'apk'] },
  { file: 'sallyport-probe.pl', programs: ['sallyport-probe'] },
];
