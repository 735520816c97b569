import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import {
  asciiOption,
  colorOption,
  contextOption,
  fullOption,
  ignoreInvalidOption,
  kubeconfigOption,
  liveOption,
  localNodeOption,
  optionalChoiceOption,
  outputOption,
  podCidrOption,
  quietOption,
  widthOption,
} from '../options.ts';

export function diffCommand() {
  const command = new Command('diff')
    .summary('show which connections a change opens and closes')
    .description(
      'Show which connections are allowed on one side and not on the other, exactly: workloads, nodes and outside ' +
        'addresses, every protocol and port, with the edit behind each, what is newly open to the internet first.\n\n' +
        'A side is a file or folder, - for standard input, or a git revision (REV or REV:PATH). REV.. compares a ' +
        'revision with the work tree, A..B two revisions, A...B what B changed since it left A; paths after -- narrow ' +
        'revisions down. --live is the cluster, compared with itself after kubectl apply of what you name; nothing is pruned. ' +
        'Kustomizations are not rendered here: pipe the rendered manifests in, or give files of them.\n\n' +
        'Exit code: 0, 1 with --exit-code when something differs and with --expect when the expectation fails, 2 usage, ' +
        '3 input unreadable or invalid, 4 cluster unreachable.',
    )
    .usage('[options] <before> <after>\n       sallyport diff [options] <revision> [-- <path>...]')
    .argument('[sides...]', 'two sides, or one git revision or range; then -- and paths')
    .addOption(liveOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(outputOption(['text', 'json', 'csv', 'md', 'dot', 'mermaid']))
    .option('--exit-code', 'exit with 1 when a connection differs')
    .addOption(
      optionalChoiceOption(
        '--expect <relation>',
        'exit with 1 unless no connection differs (equivalent), none is opened (tighter) or none is closed (looser)',
        ['equivalent', 'tighter', 'looser'],
      ),
    )
    .addOption(podCidrOption())
    .addOption(localNodeOption())
    .addOption(fullOption('nothing is folded or cut short'))
    .addOption(ignoreInvalidOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (sides, options) => {
      const { runDiff } = await import('../run/diff.ts');
      await runDiff(sides, options);
    });
  addExamples(command, [
    { what: 'What do my uncommitted changes open?', command: 'sallyport diff HEAD -- k8s/' },
    { what: 'What does this branch change?', command: 'sallyport diff main... -- k8s/' },
    { what: 'As a comment on a pull request', command: 'sallyport diff main... -o md -- k8s/ > comment.md' },
    { what: 'What would applying these manifests change in the cluster?', command: 'sallyport diff --live k8s/' },
    { what: 'Is the rewritten folder the same?', command: 'sallyport diff old/ new/ --expect equivalent' },
  ]);
  return command;
}
