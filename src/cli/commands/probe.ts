import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import {
  asciiOption,
  colorOption,
  contextOption,
  kubeconfigOption,
  localNodeOption,
  numberOption,
  outputOption,
  quietOption,
  repeatableOption,
  widthOption,
} from '../options.ts';

export function probeCommand() {
  const command = new Command('probe')
    .summary('open real connections between all pods and hold them against the prediction')
    .description(
      'Open real connections from every pod of a lab to every other one and to the world outside, over TCP, UDP and SCTP, ' +
        'and compare what happens with what the policies say. Every disagreement is explained.\n\n' +
        'A connection counts as allowed when it is answered or refused by the other pod (nobody listens there), and as ' +
        'denied when nothing comes back. The ports are those that pods declare, those that rules name, and one that nobody ' +
        'names.\n\n' +
        'Needs pods that have the program sallyport-probe: those of `sallyport lab`.\n\n' +
        'Exit code: 0 reality is as predicted, 1 it differs or an intent is broken, 2 usage, 4 cluster unreachable, or pods that ' +
        'cannot probe.',
    )
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(repeatableOption('-n, --namespace <name>', 'only pods of this namespace open connections; repeatable'))
    .addOption(
      repeatableOption(
        '--port <port[/protocol]>',
        'try this port instead of those that tell policies apart; repeatable',
      ),
    )
    .addOption(
      repeatableOption(
        '--external <address>',
        'try this address outside the cluster, or none (default: one of each set that policies tell apart); repeatable',
      ),
    )
    .addOption(
      repeatableOption('--intents <path>', 'try what these intents promise, instead of everything; repeatable'),
    )
    .addOption(numberOption('--timeout <ms>', 'how long a connection may take (default: 1000)', 10, 60_000))
    .addOption(outputOption(['text', 'json']))
    .addOption(localNodeOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (options) => {
      const { runProbe } = await import('../run/probe.ts');
      await runProbe(options);
    });
  addExamples(command, [
    { what: 'Does the running lab do what its policies say?', command: 'sallyport probe' },
    { what: 'In a pipeline', command: 'sallyport lab run -f k8s/ -- sallyport probe' },
    { what: 'What intents promise', command: 'sallyport probe --intents intents.yaml' },
    { what: 'Two ports only', command: 'sallyport probe --port 80 --port 53/udp' },
  ]);
  return command;
}
