import { invariant } from '../base/assert.ts';
import type { Format } from '../report/formats.ts';
import type { Palette } from '../report/palette.ts';
import { type ColorChoice, terminalFor } from './terminal.ts';

export interface LookOptions {
  readonly color?: ColorChoice | undefined;
  readonly width?: number | undefined;
  readonly ascii?: true | undefined;
}

/** What every report is told about where it goes. */
export interface Look {
  readonly palette: Palette;
  readonly width: number;
  readonly ascii: boolean;
}

export function lookFor(options: LookOptions): Look {
  const { palette, width } = terminalFor(process.stdout, { color: options.color ?? 'auto', width: options.width });
  return { palette, width, ascii: options.ascii === true };
}

/** Prints an answer in the format that `-o` names. */
export function printReport<Name extends string, Result, Options>(
  formats: readonly Format<Name, Result, Options>[],
  options: LookOptions & { readonly output: Name },
  result: Result,
  reportOptions: (look: Look) => Options,
): void {
  const format = formats.find(({ name }) => name === options.output);
  invariant(format !== undefined, `no format ${options.output}`);
  process.stdout.write(format.render(result, reportOptions(lookFor(options))));
}
