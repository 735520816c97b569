import { Argument, Command } from '@commander-js/extra-typings';
import { addExamples } from '../examples.ts';
import { ipFamilyOption, nodesOption, runtimeOption } from '../lab/options.ts';
import {
  asciiOption,
  colorOption,
  filenameOption,
  kustomizeOption,
  numberOption,
  outputOption,
  quietOption,
  widthOption,
} from '../options.ts';

const ANY_IMAGE =
  'run a stand-in that listens on the container ports for images that the lab does not know, instead of ErrImagePull';

function upCommand() {
  const command = new Command('up')
    .summary('start a lab and keep it running until Ctrl-C')
    .description(
      'Start a lab, say how to use it, and keep it running until Ctrl-C or `sallyport lab down`. Everything it consists ' +
        'of ends with it.\n\n' +
        'Exit code: 0 ended by Ctrl-C or `lab down`, 2 usage, 3 manifests unreadable or refused, 4 the lab cannot run here.',
    )
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .option('--name <name>', 'so that several can run at once', 'lab')
    .addOption(nodesOption())
    .addOption(ipFamilyOption())
    .addOption(runtimeOption())
    .option('--any-image', ANY_IMAGE)
    .addOption(numberOption('--port <number>', 'where the API server listens on 127.0.0.1 (default: any)', 0, 65_535))
    .option('--flow-log <file>', 'where denied connections are told, as JSON lines: a file, - for standard output')
    .addOption(quietOption())
    .addOption(colorOption())
    .action(async (options) => {
      const { labUp } = await import('../run/lab-up.ts');
      await labUp(options);
    });
  addExamples(command, [
    { what: 'An empty cluster', command: 'sallyport lab' },
    {
      what: 'With manifests, two nodes, both families',
      command: 'sallyport lab up -f k8s/ --nodes 2 --ip-family dual',
    },
  ]);
  return command;
}

function runCommand() {
  const command = new Command('run')
    .summary('start a lab, run a command in it, and tear it down')
    .description(
      'Start a lab, apply the manifests, wait until all pods are ready, run the command with KUBECONFIG set, and tear the ' +
        'lab down. For pipelines.\n\n' +
        'Exit code: that of the command; 128 and the signal when one ended it; 2 usage, 3 manifests unreadable or refused, 4 the lab ' +
        'cannot run here or pods did not get ready.',
    )
    .addArgument(new Argument('<command...>', 'what to run, with its arguments, behind --'))
    .addOption(filenameOption())
    .addOption(kustomizeOption())
    .addOption(nodesOption())
    .addOption(ipFamilyOption())
    .addOption(runtimeOption())
    .option('--any-image', ANY_IMAGE)
    .addOption(numberOption('--wait <seconds>', 'how long pods may take to get ready (default: 120)', 1, 86_400))
    .option('--flow-log <file>', 'where denied connections are told, as JSON lines')
    .addOption(quietOption())
    .addOption(colorOption())
    .action(async (words, options) => {
      const { labRun } = await import('../run/lab-run.ts');
      await labRun(words, options);
    });
  addExamples(command, [
    {
      what: 'Do policies hold with real packets?',
      command: 'sallyport lab run -f k8s/ -- sallyport probe',
    },
    { what: 'A test of your own', command: 'sallyport lab run -f k8s/ -- ./test.sh' },
  ]);
  return command;
}

function statusCommand() {
  const command = new Command('status')
    .summary('the labs that are running')
    .description('List the labs of this user that are running.\n\nExit code: 0 one is running, 1 none is.')
    .addOption(outputOption(['text', 'json']))
    .action(async (options) => {
      const { labStatus } = await import('../run/lab-status.ts');
      await labStatus(options);
    });
  addExamples(command, [{ what: 'Which labs are there?', command: 'sallyport lab status' }]);
  return command;
}

function downCommand() {
  const command = new Command('down')
    .summary('end a lab')
    .description(
      'End a lab that runs somewhere else: another terminal, the background.\n\n' +
        'Exit code: 0 it is gone, 1 there was none, 4 it does not end.',
    )
    .argument('[name]', 'its name; the only one when there is just one')
    .option('--all', 'end all labs of this user')
    .action(async (name, options) => {
      const { labDown } = await import('../run/lab-down.ts');
      await labDown(name, options);
    });
  addExamples(command, [{ what: 'End the lab in the other terminal', command: 'sallyport lab down' }]);
  return command;
}

function tutorialCommand() {
  const command = new Command('tutorial')
    .summary('from three open namespaces to least privilege, step by step')
    .description(
      'Start a lab and walk through network policy in three namespaces: open by default, deny everything, allow what is ' +
        'needed, allow DNS. Every command is typed for you with the real kubectl, shows what really happens, and is checked. ' +
        'At the end the lab keeps running for experiments of your own, until Ctrl-C.\n\n' +
        'Exit code: 0 at the end or when left, 1 when a step did not show what it should, 4 the lab cannot run here or there is no kubectl; 128 and the signal when one ended it.',
    )
    .option('--yes', 'all of it as a transcript, without waiting for the return key, and end the lab')
    .addOption(runtimeOption())
    .addOption(colorOption())
    .addOption(widthOption())
    .addOption(asciiOption())
    .action(async (options) => {
      const { labTutorial } = await import('../run/lab-tutorial.ts');
      await labTutorial(options);
    });
  addExamples(command, [
    { what: 'Step by step', command: 'sallyport lab tutorial' },
    { what: 'All at once, as a transcript', command: 'sallyport lab tutorial --yes' },
  ]);
  return command;
}

export function labCommand() {
  const command = new Command('lab')
    .summary('a cluster for network policies, with real packets and stock kubectl')
    .description(
      'A cluster for network policies on this machine, without containers and without root: pods are network namespaces ' +
        "with real processes, Services and DNS work, policies are enforced by the agent's own code, and kubectl drives it. " +
        'It touches nothing of the network of the machine.\n\n' +
        'Without a subcommand it is `lab up`. Where the kernel does not allow it, --runtime sim answers from the engine, ' +
        'and says so.',
    );
  command.addCommand(upCommand(), { isDefault: true });
  for (const child of [runCommand(), statusCommand(), downCommand(), tutorialCommand()]) command.addCommand(child);
  addExamples(command, [{ what: 'Start one, then follow what it says', command: 'sallyport lab' }]);
  return command;
}
