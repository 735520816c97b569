/** The command tree. Help, the reference page and shell completion are all made from it. */
import { Command, type CommandUnknownOpts, type Option } from '@commander-js/extra-typings';
import { packageVersion } from '../io/package-root.ts';
import { agentCommand } from './commands/agent.ts';
import { auditCommand } from './commands/audit.ts';
import { canCommand } from './commands/can.ts';
import { completionCommand } from './commands/completion.ts';
import { demoCommand } from './commands/demo.ts';
import { diffCommand } from './commands/diff.ts';
import { labCommand } from './commands/lab.ts';
import { mapCommand } from './commands/map.ts';
import { verifyCommand } from './commands/verify.ts';
import { probeCommand } from './commands/probe.ts';
import { versionCommand } from './commands/version.ts';
import { addExamples } from './examples.ts';

export interface ProgramOptions {
  /** How the program was called. */
  readonly name: string;
}

/** Faults of the command line are thrown as `CommanderError`s and print nothing themselves. */
export function buildProgram({ name }: ProgramOptions): CommandUnknownOpts {
  const program = new Command(name)
    .summary('network policy for Kubernetes')
    .description(
      'Network policy for Kubernetes: who can talk to whom, and why.\n\n' +
        'Two gates stand between pods, and both must be open: the egress side of the source and the ingress side of the ' +
        'destination. Sallyport reads manifests as the API server would and answers exactly.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showSuggestionAfterError(true);
  addExamples(program, [
    { what: 'See it work on an example', command: `${name} demo` },
    { what: 'Who may talk to whom in these manifests?', command: `${name} map -f k8s/` },
    { what: 'Why can my pod not reach the database?', command: `${name} can shop/web db/postgres:5432 -f k8s/` },
  ]);
  for (const command of [
    canCommand(),
    mapCommand(),
    diffCommand(),
    auditCommand(),
    verifyCommand(),
    probeCommand(),
    labCommand(),
    agentCommand(),
    demoCommand(),
    completionCommand(),
    versionCommand(),
  ]) {
    program.addCommand(command);
  }
  for (const command of withChildren(program)) {
    command.helpOption('-h, --help', 'print help');
    command.configureHelp({ optionDescription });
    command.exitOverride();
    // Messages are printed once, by whoever catches the error.
    command.configureOutput({ outputError: () => {} });
  }
  return program;
}

function withChildren(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(withChildren)];
}

/** Choices the way usage lines write them, and a default only where there is one. */
function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const remarks = [
    ...(argChoices === undefined ? [] : [argChoices.join('|')]),
    ...(typeof defaultValue === 'string' ? [`default ${defaultValue}`] : []),
  ];
  return remarks.length === 0 ? description : `${description} (${remarks.join('; ')})`;
}
