import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import {
  asciiOption,
  choiceOption,
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
  repeatableOption,
  widthOption,
} from '../options.ts';

export function mapCommand() {
  const command = new Command('map')
    .summary('show who may talk to whom')
    .description(
      'Show who may talk to whom: workloads, namespaces and outside address ranges, with the ports that remain under ' +
        'all policies, and what Ingresses, HTTPRoutes, LoadBalancers and NodePorts expose.\n\n' +
        'Exit code: 0, 2 usage, 3 input unreadable or invalid, 4 cluster unreachable.',
    )
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(liveOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(outputOption(['text', 'json', 'csv', 'md', 'dot', 'mermaid']))
    .addOption(choiceOption('--by <what>', 'what one entry stands for', ['workload', 'namespace', 'pod', 'class']))
    .addOption(repeatableOption('-n, --namespace <name>', 'only what has an end in this namespace; repeatable'))
    .option('-A, --all-namespaces', 'every namespace (this is the default)')
    .option('-l, --selector <labels>', 'only what has an end with these pod labels, as in kubectl')
    .addOption(
      repeatableOption(
        '--from <end>',
        'only connections from NS/NAME, ns/NAME (a namespace), an IP, a CIDR or internet; repeatable',
      ),
    )
    .addOption(repeatableOption('--to <end>', 'only connections to it; repeatable'))
    .option('--port <port>', 'only this port: PORT, PORT/udp, PORT/sctp or icmp')
    .option('--denied', 'list what is denied instead of what is allowed')
    .option('--self', 'also what the replicas of one workload may open to each other')
    .option(
      '--exposure',
      'also to whom workloads are open beyond the peers in the input: possible pods by labels, and addresses (text, json, md)',
    )
    .addOption(podCidrOption())
    .addOption(localNodeOption())
    .addOption(fullOption('nothing is folded or cut short'))
    .addOption(ignoreInvalidOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (options) => {
      const { runMap } = await import('../run/map.ts');
      await runMap(options);
    });
  addExamples(command, [
    { what: 'Everything that a folder of manifests allows', command: 'sallyport map -f k8s/' },
    { what: 'Who may reach the database?', command: 'sallyport map -f k8s/ --to db/postgres' },
    {
      what: 'Whom would the database let in that is not there yet?',
      command: 'sallyport map -f k8s/ --to db/postgres --exposure',
    },
    { what: 'What of one namespace is denied', command: 'sallyport map -f k8s/ -n shop --denied' },
    { what: 'A picture for a page or a pull request', command: 'sallyport map -f k8s/ --by namespace -o mermaid' },
    { what: 'The rendered manifests of an overlay', command: 'sallyport map -k overlays/prod' },
    { what: 'A live cluster, one namespace of it shown', command: 'sallyport map --live --context prod -n shop' },
    { what: 'For a program', command: "sallyport map -f k8s/ -o json | jq '.connections[]'" },
  ]);
  return command;
}
