import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import {
  asciiOption,
  colorOption,
  filenameOption,
  ignoreInvalidOption,
  kustomizeOption,
  quietOption,
  widthOption,
} from '../options.ts';

export function demoCommand() {
  const command = new Command('demo')
    .summary('walk through what policies do, step by step, on an example or on your own manifests')
    .description(
      'Walk through what policies do: who may talk to whom without any policy, after a default deny, and after the ' +
        'policies that allow what is needed, with a few connections explained at each step. It runs on a built-in ' +
        'example of three tiers, or with -f and -k on your own manifests.',
    )
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(ignoreInvalidOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (options) => {
      const { runDemo } = await import('../run/demo.ts');
      await runDemo(options);
    });
  addExamples(command, [
    { what: 'The built-in example', command: 'sallyport demo' },
    { what: 'The same for your own folder', command: 'sallyport demo -f k8s/' },
  ]);
  return command;
}
