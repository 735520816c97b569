import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** One way to use a command: what it answers, and what to type. */
export interface Example {
  readonly what: string;
  readonly command: string;
}

const examplesOf = new WeakMap<CommandUnknownOpts, readonly Example[]>();

/** Puts examples behind the help text of a command, and keeps them for the reference page. */
export function addExamples(command: CommandUnknownOpts, examples: readonly Example[]): void {
  examplesOf.set(command, examples);
  const lines = examples.map(({ what, command: line }) => `  # ${what}\n  ${line}\n`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`.trimEnd());
}

export function examplesFor(command: CommandUnknownOpts): readonly Example[] {
  return examplesOf.get(command) ?? [];
}
