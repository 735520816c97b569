import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import {
  allNamespacesOption,
  asciiOption,
  colorOption,
  contextOption,
  filenameOption,
  fullOption,
  ignoreInvalidOption,
  kubeconfigOption,
  kustomizeOption,
  liveOption,
  localNodeOption,
  outputOption,
  podCidrOption,
  quietOption,
  widthOption,
} from '../options.ts';

export function verifyCommand() {
  const command = new Command('verify')
    .summary('hold assertions about connections against manifests or a cluster')
    .description(
      'Hold intents (assertions about allowed and denied connections, like unit tests) against manifests or a live ' +
        'cluster: for every matching pair of pods, exactly. What breaks an intent is listed with concrete pods, the port ' +
        'and the rules that decide.\n\n' +
        'The format is described in docs/reference/intents.md.\n\n' +
        'Exit code: 0 all hold, 1 one fails or is unknown, 2 usage, 3 input unreadable or invalid, 4 cluster unreachable.',
    )
    .argument('<intents...>', 'files with intents, or folders (read recursively)')
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(liveOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .option(
      '-n, --namespace <name>',
      'where ends without a namespace live, for files that do not say it (default: that of the context with --live, else default)',
    )
    .addOption(allNamespacesOption())
    .addOption(outputOption(['text', 'json', 'junit', 'tap', 'github']))
    .option('--watch', 'verify again whenever the files change')
    .addOption(podCidrOption())
    .addOption(localNodeOption())
    .addOption(fullOption('list up to 1,000 counter-examples of an intent instead of 5'))
    .option('--brief', 'only what does not hold')
    .addOption(ignoreInvalidOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (intents, options) => {
      const { runVerify } = await import('../run/verify.ts');
      await runVerify(intents, options);
    });
  addExamples(command, [
    { what: 'Do the manifests keep what they promise?', command: 'sallyport verify intents.yaml -f k8s/' },
    { what: 'While writing policies', command: 'sallyport verify intents.yaml -f k8s/ --watch --brief' },
    { what: 'Does the cluster?', command: 'sallyport verify intents/ --live' },
    { what: 'In a pipeline', command: 'sallyport verify intents.yaml -k overlays/prod -o junit > verify.xml' },
  ]);
  return command;
}
