/** What every command that starts a lab takes. */
import { choiceOption, numberOption } from '../options.ts';

export function nodesOption() {
  return numberOption('--nodes <number>', 'nodes, each with its own agent (default: 1)', 1, 32);
}

export function ipFamilyOption() {
  return choiceOption('--ip-family <family>', 'which addresses pods and Services have', [
    'ipv4',
    'ipv6',
    'dual',
  ]).default('ipv4' as const);
}

export function runtimeOption() {
  return choiceOption(
    '--runtime <name>',
    'what pods are made of: netns is network namespaces and real packets, sim has the engine answer instead',
    ['auto', 'netns', 'sim'],
  ).default('auto' as const);
}
