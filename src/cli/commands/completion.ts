import { Argument, Command } from '@commander-js/extra-typings';
import { completionShells } from '../completion/shells.ts';
import { addExamples } from '../examples.ts';

export function completionCommand() {
  const command = new Command('completion')
    .summary('print a completion script for a shell')
    .description('Print a script that makes a shell complete the commands, options and values of sallyport.')
    .addArgument(new Argument('<shell>', 'the shell').choices(completionShells))
    .action(async (shell, _options, self) => {
      const { runCompletion } = await import('../run/completion.ts');
      runCompletion(shell, self.parent ?? self);
    });
  addExamples(command, [
    { what: 'bash, for this session', command: 'source <(sallyport completion bash)' },
    { what: 'zsh, for good', command: 'sallyport completion zsh > "${fpath[1]}/_sallyport"' },
    { what: 'fish, for good', command: 'sallyport completion fish > ~/.config/fish/completions/sallyport.fish' },
    {
      what: 'PowerShell, for this session',
      command: 'sallyport completion powershell | Out-String | Invoke-Expression',
    },
  ]);
  return command;
}
