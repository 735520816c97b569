import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import { runtimeOption } from '../lab/options.ts';
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
        'policies that allow what is needed.\n\n' +
        'On the built-in example of three tiers it does so in a lab (see `sallyport lab`): each step is applied, every pod ' +
        'connects to every other one, and what happens is held against the prediction. The lab then stays until Ctrl-C. ' +
        'Where the lab cannot run it is simulated, and says so. With -f and -k it is told from your own manifests, without a lab.\n\n' +
        'Exit code: 0, or 1 when a connection is not as predicted; 2 usage, 3 manifests unreadable, 4 the lab cannot run here.',
    )
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(ignoreInvalidOption())
    .option('--once', 'end the lab after the walk')
    .addOption(runtimeOption())
    .option('--static', 'walk through the built-in example without a lab: only what the engine says')
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (options) => {
      const { runDemo } = await import('../run/demo.ts');
      await runDemo(options);
    });
  addExamples(command, [
    { what: 'The built-in example, in a lab that stays', command: 'sallyport demo' },
    { what: 'The same for a pipeline', command: 'sallyport demo --once' },
    { what: 'Your own folder', command: 'sallyport demo -f k8s/' },
  ]);
  return command;
}
