import { assertNever } from '../../base/assert.ts';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { powershellCompletion } from '../completion/powershell.ts';
import type { CompletionShell } from '../completion/shells.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { type CommandNode, commandTree } from '../command-tree.ts';

export function runCompletion(shell: CompletionShell, program: CommandUnknownOpts): void {
  process.stdout.write(completionScript(shell, commandTree(program)));
}

export function completionScript(shell: CompletionShell, root: CommandNode): string {
  switch (shell) {
    case 'bash':
      return bashCompletion(root);
    case 'zsh':
      return zshCompletion(root);
    case 'fish':
      return fishCompletion(root);
    case 'powershell':
      return powershellCompletion(root);
    default:
      return assertNever(shell);
  }
}
