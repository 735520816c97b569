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
  protocolOption,
  quietOption,
  widthOption,
} from '../options.ts';

export function canCommand() {
  const command = new Command('can')
    .summary('say whether one end may connect to another, and why')
    .description(
      'Say whether SOURCE may open a connection to TARGET: the verdict, both gates (egress of the source, ingress of ' +
        'the target), the rules that decided with file and line, and for a denial the nearest rules and the smallest ' +
        'change.\n\n' +
        'An end is written NS/NAME, NS/KIND/NAME, an IP address, a CIDR or internet. A target adds :PORT, :PORT/udp, ' +
        ':PORT/sctp, :NAME of a port, or :icmp; without one the answer is every port that is allowed. A Service as ' +
        'target (NS/svc/NAME:PORT) is resolved to its pods and their ports, because policy acts behind it.\n\n' +
        'Exit code: 0 allowed, 1 denied or unknown, 2 usage, 3 input unreadable or invalid, 4 cluster unreachable.',
    )
    .argument('<source>', 'who connects')
    .argument('<target>', 'to whom, with the port')
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(liveOption())
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .option(
      '-n, --namespace <name>',
      'where ends without a namespace live (default: that of the context with --live, else default)',
    )
    .addOption(allNamespacesOption())
    .addOption(protocolOption())
    .addOption(podCidrOption())
    .addOption(localNodeOption())
    .addOption(outputOption(['text', 'json', 'md']))
    .addOption(fullOption('nothing is cut short, and near misses are shown for open gates too'))
    .addOption(ignoreInvalidOption())
    .addOption(quietOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (source, target, options) => {
      const { runCan } = await import('../run/can.ts');
      await runCan(source, target, options);
    });
  addExamples(command, [
    { what: 'Can the web pods reach the database?', command: 'sallyport can shop/web db/postgres:5432 -f k8s/' },
    {
      what: 'Through a Service, as the application does it',
      command: 'sallyport can shop/web db/svc/postgres:5432 -f k8s/',
    },
    { what: 'Can it look up names?', command: 'sallyport can shop/web kube-system/svc/kube-dns:53/udp -f k8s/' },
    {
      what: 'Can anybody outside reach it? What may it reach outside?',
      command: 'sallyport can internet shop/web:8080 -f k8s/',
    },
    { what: 'In the cluster of the current context', command: 'sallyport can shop/web db/postgres:5432 --live' },
    {
      what: 'What a Helm chart would do, for a program',
      command: 'helm template . | sallyport can web 10.0.0.5:443 -f - -o json',
    },
  ]);
  return command;
}
