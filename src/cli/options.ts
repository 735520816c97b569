/** Options that several commands share, so that they mean and are called the same everywhere. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { closest } from '../kube/suggest.ts';
import type { ColorChoice } from './terminal.ts';

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

const none: readonly string[] = [];

/** An option that takes one of some words; a slip of the pen is answered with the word that was meant. */
function choice<const Flags extends string, const Word extends string>(
  flags: Flags,
  description: string,
  words: readonly Word[],
) {
  return new Option(flags, description).choices(words).argParser((value: string): Word => {
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    const meant = closest(value, words);
    throw new InvalidArgumentError(
      `It must be one of ${words.join(', ')}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    );
  });
}

export function filenameOption() {
  return new Option(
    '-f, --filename <path>',
    'manifests: a file, a folder (read recursively) or - for standard input; repeatable',
  )
    .argParser(collect)
    .default(none, '');
}

export function kustomizeOption() {
  return new Option(
    '-k, --kustomize <folder>',
    'render a kustomization with kubectl or kustomize and read it; repeatable',
  )
    .argParser(collect)
    .default(none, '');
}

export function liveOption() {
  return new Option(
    '--live',
    'read the cluster of the current context instead of manifests: every namespace, whatever -n says',
  );
}

export function contextOption() {
  return new Option('--context <name>', 'the context of the kubeconfig to read from; implies --live');
}

export function kubeconfigOption() {
  return new Option(
    '--kubeconfig <file>',
    'the kubeconfig to use (default: KUBECONFIG, else ~/.kube/config, else the pod around us); implies --live',
  );
}

/** For fingers that type it: there is no way to read less. */
export function allNamespacesOption() {
  return new Option('-A, --all-namespaces', 'every namespace (this is always so)');
}

export function outputOption<const Word extends string>(words: readonly [Word, ...Word[]]) {
  return choice('-o, --output <format>', 'how to print the answer', words).default(words[0]);
}

export function ignoreInvalidOption() {
  return new Option(
    '--ignore-invalid',
    'answer without the files and objects that are invalid, instead of stopping with exit code 3',
  );
}

export function quietOption() {
  return new Option('-q, --quiet', 'no warnings and notes on standard error');
}

export function colorOption() {
  return choice('--color <when>', 'colour the output', [
    'auto',
    'always',
    'never',
  ] satisfies readonly ColorChoice[]).default('auto');
}

export function widthOption() {
  return new Option('--width <columns>', 'how wide text may be (default: the terminal, else 100)').argParser(
    wholeNumber(40, 1000),
  );
}

export function asciiOption() {
  return new Option('--ascii', 'no characters outside ASCII in text output');
}

export function fullOption(description: string) {
  return new Option('--full', description);
}

export function podCidrOption() {
  return new Option(
    '--pod-cidr <cidr>',
    'a range that pod addresses come from, for manifests that do not tell them; repeatable',
  )
    .argParser(collect)
    .default(none, '');
}

export function localNodeOption() {
  return new Option(
    '--allow-egress-to-local-node',
    "do not apply egress policy to connections to the pod's own node, as some network plugins do",
  );
}

export function repeatableOption<const Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description).argParser(collect).default(none, '');
}

export function numberOption<const Flags extends string>(
  flags: Flags,
  description: string,
  least: number,
  most: number,
) {
  return new Option(flags, description).argParser(wholeNumber(least, most));
}

export function protocolOption() {
  return choice('--protocol <name>', 'the protocol of a port number when the target does not say it (default: tcp)', [
    'tcp',
    'udp',
    'sctp',
  ]);
}

export function choiceOption<const Flags extends string, const Word extends string>(
  flags: Flags,
  description: string,
  words: readonly [Word, ...Word[]],
) {
  return choice(flags, description, words).default(words[0]);
}

/** Like {@link choiceOption}, without a value when it is not given. */
export function optionalChoiceOption<const Flags extends string, const Word extends string>(
  flags: Flags,
  description: string,
  words: readonly Word[],
) {
  return choice(flags, description, words);
}

function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : -1;
    if (number < least || number > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}
