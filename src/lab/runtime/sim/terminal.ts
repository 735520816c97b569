/** What a terminal does between a keyboard and a program: shows what is typed, hands on whole lines, ends. */
import type { PassThrough } from 'node:stream';

const MAX_LINE = 4096;

export interface TerminalEnds {
  /** What the program reads. */
  readonly stdin: PassThrough;
  /** Where it is shown. */
  readonly screen: PassThrough;
  /** Ctrl-C. */
  readonly interrupt: () => void;
}

/** Gives what is typed; ends with it. */
export function typeInto({ stdin, screen, interrupt }: TerminalEnds): (typed: string) => void {
  let line = '';
  return (typed) => {
    for (const char of typed)
      if (char === '\r' || char === '\n') {
        screen.write('\r\n');
        stdin.write(`${line}\n`);
        line = '';
      } else if (char === '\u0003') {
        screen.write('^C\r\n');
        line = '';
        interrupt();
      } else if (char === '\u0004') {
        if (line === '') stdin.end();
      } else if (char === '\u007f' || char === '\b') {
        if (line !== '') screen.write('\b \b');
        line = line.slice(0, -1);
      } else if (char >= ' ' && line.length < MAX_LINE) {
        line += char;
        screen.write(char);
      }
  };
}

/** Lines as terminals want them. */
export function onScreen(text: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(text).toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}
