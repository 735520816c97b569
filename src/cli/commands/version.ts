import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import { outputOption } from '../options.ts';

export function versionCommand() {
  const command = new Command('version')
    .summary('print the version')
    .description('Print the version of Sallyport, and with -o json also that of Node.js and the platform.')
    .addOption(outputOption(['text', 'json']))
    .action(async ({ output }) => {
      const { runVersion } = await import('../run/version.ts');
      runVersion(output);
    });
  addExamples(command, [{ what: 'For a bug report', command: 'sallyport version -o json' }]);
  return command;
}
