import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import {
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
  optionalChoiceOption,
  outputOption,
  podCidrOption,
  quietOption,
  repeatableOption,
  widthOption,
} from '../options.ts';

export function auditCommand() {
  const command = new Command('audit')
    .summary('find what is wrong with the policies, and mend it')
    .description(
      'Find mistakes, openings and dead weight in policies: each finding with its place, the reason, the pods concerned, ' +
        'a connection that shows it, and where there is one right way, a fix.\n\n' +
        'Settings come from sallyport.yaml in this folder or one above it (up to the root of the repository). A comment ' +
        '`# sallyport-ignore RULE: reason` lets one finding pass; a baseline lets pass what was there before.\n\n' +
        'Exit code: 0, 1 findings at or above --fail-on, 2 usage, 3 input unreadable or invalid, 4 cluster unreachable.',
    )
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(liveOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(outputOption(['text', 'json', 'sarif', 'junit', 'github', 'md']))
    .addOption(
      optionalChoiceOption('--fail-on <severity>', 'exit with 1 from this severity on (default: error)', [
        'error',
        'warning',
        'info',
        'never',
      ]),
    )
    .addOption(repeatableOption('--rule <name>', 'only this rule; repeatable'))
    .addOption(
      optionalChoiceOption('--profile <name>', 'only what a benchmark asks for, with pass or fail for each control', [
        'cis',
        'nsa',
        'kubescape',
      ]),
    )
    .option('--fix', 'mend what has one right way, in the files themselves; comments and layout stay')
    .option('--fix-dry-run', 'print what --fix would change, as a patch')
    .option('--config <file>', 'settings to use instead of sallyport.yaml')
    .option('--no-config', 'no settings from sallyport.yaml')
    .option('--baseline <file>', 'let pass the findings that are recorded in this file')
    .option('--write-baseline <file>', 'record all findings in this file and exit with 0')
    .option('--complete', 'the input is the whole cluster: what it lacks does not exist (always so with --live)')
    .option('--list-rules', 'list the rules with severity, fixes and what they detect')
    .option('--explain <rule>', 'print the page of a rule')
    .option('--watch', 'audit again whenever the files change')
    .addOption(podCidrOption())
    .addOption(localNodeOption())
    .addOption(fullOption('nothing is cut short'))
    .option('--brief', 'one line a finding')
    .addOption(ignoreInvalidOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (options) => {
      const { runAudit } = await import('../run/audit.ts');
      await runAudit(options);
    });
  addExamples(command, [
    { what: 'What is wrong in a folder of manifests?', command: 'sallyport audit -f k8s/' },
    { what: 'Mend what can be mended; look first', command: 'sallyport audit -f k8s/ --fix-dry-run' },
    {
      what: 'Adopt it on an old repository',
      command: 'sallyport audit -f k8s/ --write-baseline .sallyport-baseline.json',
    },
    { what: 'For code scanning', command: 'sallyport audit -f k8s/ -o sarif > audit.sarif' },
    { what: 'Does the cluster pass the benchmark?', command: 'sallyport audit --live --profile cis' },
    { what: 'What does a rule mean?', command: 'sallyport audit --explain dns-without-udp' },
  ]);
  return command;
}
