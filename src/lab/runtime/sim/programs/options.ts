/** The options of a command line, in the usual notation. */
export interface Options {
  /** By name, without dashes; `''` for those without a value. The last one stays, `all` has them all. */
  readonly values: ReadonlyMap<string, string>;
  readonly all: readonly (readonly [name: string, value: string])[];
  readonly operands: readonly string[];
}

/**
 * `-x`, `-xVALUE`, `-x VALUE`, `--name`, `--name=VALUE`, `--name VALUE`, `-xyz` for several.
 *
 * @param valued the names that have a value
 */
export function readOptions(args: readonly string[], valued: ReadonlySet<string>): Options {
  const all: (readonly [string, string])[] = [];
  const operands: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const equals = arg.indexOf('=');
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
      if (equals >= 0) all.push([name, arg.slice(equals + 1)]);
      else if (valued.has(name)) {
        at += 1;
        all.push([name, args[at] ?? '']);
      } else all.push([name, '']);
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let letter = 1; letter < arg.length; letter += 1) {
        const name = arg[letter] ?? '';
        if (!valued.has(name)) {
          all.push([name, '']);
          continue;
        }
        const rest = arg.slice(letter + 1);
        if (rest === '') at += 1;
        all.push([name, rest === '' ? (args[at] ?? '') : rest]);
        break;
      }
    } else operands.push(arg);
  }
  return { values: new Map(all), all, operands };
}
