import { Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import { choiceOption, localNodeOption, numberOption, repeatableOption } from '../options.ts';

export function agentCommand() {
  const command = new Command('agent')
    .summary('enforce the policies of a cluster on this node')
    .description(
      'Enforce the policies of a cluster on this node: watch the Kubernetes API and keep one nftables table equal to ' +
        'what the policies say about the pods of the node. One agent runs on every node, as a DaemonSet with host ' +
        'network and the capability NET_ADMIN.\n\n' +
        'When it ends, for whatever reason, the table stays and policies hold as they are; only --cleanup removes it. ' +
        'Policies and namespaces annotated sallyport.dev/mode: audit are tried out: what they would deny is counted ' +
        'and logged.\n\n' +
        'Exit code: 0 ended by SIGTERM or SIGINT, or done, 2 usage, 4 cluster or kernel unreachable with --once, ' +
        '--dry-run or --cleanup.',
    )
    .option('--node-name <name>', 'the node whose pods are enforced (default: the variable NODE_NAME)')
    .option('--kubeconfig <file>', 'the kubeconfig to use (default: the pod around us, else as kubectl does)')
    .option('--context <name>', 'the context of the kubeconfig')
    .option('--table <name>', 'the nftables table of the family inet, which belongs to the agent alone', 'sallyport')
    .option(
      '--ct-mark-field <mask>',
      'the bits of the conntrack mark that say under which rules a connection was judged; no other program may use them',
      '0xffff0000',
    )
    .addOption(
      repeatableOption(
        '--closed-range <cidr>',
        'a range in which only pods of this node have addresses: traffic of an address in it that no known pod has is ' +
          "dropped; repeatable, or none (default: the Node's pod CIDRs, unless other nodes use them)",
      ),
    )
    .addOption(
      numberOption(
        '--netlink-fd <number>',
        'a netlink socket that deploy/netlink-launcher.pl hands down: sets are changed through it, faster than by nft',
        3,
        255,
      ),
    )
    .addOption(localNodeOption())
    .addOption(numberOption('--log-group <number>', 'the nflog group of packets to be logged (default: 5)', 0, 65_535))
    .addOption(
      numberOption(
        '--log-allowed-sample <number>',
        'log also one of so many allowed connections (default: none)',
        1,
        1_000_000_000,
      ),
    )
    .option(
      '--flow-log <file>',
      'where denied connections, those that policies in audit mode would deny, and sampled allowed ones are told, as ' +
        'JSON lines: a file that is turned over, - for standard output, or none',
      '-',
    )
    .option(
      '--listen <address:port>',
      'where /healthz, /readyz, /metrics and /statusz are served, or none',
      '127.0.0.1:9440',
    )
    .option(
      '--status-token-file <file>',
      'holds the bearer token with which /statusz may be read from other machines (default: only from this node)',
    )
    .addOption(choiceOption('--log-format <format>', 'auto is text on a terminal, else json', ['auto', 'json', 'text']))
    .option('-v, --verbose', 'log every transaction')
    .option('--once', 'enforce what the API says now, and end')
    .option('--dry-run', 'print what would be loaded into the kernel, and end')
    .option('--cleanup', 'remove the table, so that nothing is enforced any more, and end')
    .action(async (options) => {
      const { runAgent } = await import('../run/agent.ts');
      await runAgent(options);
    });
  addExamples(command, [
    { what: 'As the DaemonSet does', command: 'sallyport agent --node-name "$NODE_NAME"' },
    { what: 'What would be loaded on this node?', command: 'sallyport agent --node-name node-1 --dry-run' },
    { what: 'Stop enforcing', command: 'sallyport agent --cleanup' },
  ]);
  return command;
}
