/**
 * Whether a command line asks for JSON, told before and without parsing it: errors about the command line itself obey
 * `-o` too.
 */
export function asksForJson(args: readonly string[]): boolean {
  let json = false;
  for (const [index, arg] of args.entries()) {
    if (arg === '--') break;
    const attached = /^(?:-o=?|--output=)(.+)$/.exec(arg)?.[1];
    if (attached !== undefined) json = attached === 'json';
    else if (arg === '-o' || arg === '--output') json = args[index + 1] === 'json';
  }
  return json;
}
