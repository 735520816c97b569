/** The command tree as plain data, for everything that is generated from it. */
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { type Example, examplesFor } from './examples.ts';

export interface CommandNode {
  /** Words behind the program's name; empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
  readonly examples: readonly Example[];
}

interface ArgumentNode {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly choices: readonly string[];
}

export interface OptionNode {
  /** `-f, --filename <path>` */
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  /** What the value is called; absent for switches. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  readonly defaultValue: string | undefined;
}

export function commandTree(command: CommandUnknownOpts, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  return {
    path,
    summary: command.summary(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: argument.description,
      required: argument.required,
      choices: argument.argChoices ?? [],
    })),
    options: help.visibleOptions(command).map(optionNode),
    commands: command.commands
      .filter((child) => child.name() !== 'help')
      .map((child) => commandTree(child, [...path, child.name()])),
    examples: examplesFor(command),
  };
}

function optionNode(option: Option): OptionNode {
  const defaultValue: unknown = option.defaultValue;
  return {
    flags: option.flags,
    short: option.short,
    long: option.long ?? option.flags,
    description: option.description,
    value: /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1],
    choices: option.argChoices ?? [],
    defaultValue: typeof defaultValue === 'string' ? defaultValue : undefined,
  };
}

/** Every node of the tree, a command before those below it. */
export function allCommands(root: CommandNode): readonly CommandNode[] {
  return [root, ...root.commands.flatMap(allCommands)];
}
