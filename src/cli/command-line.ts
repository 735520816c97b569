/** From an argument vector to an exit code: runs the command tree and turns every failure into a message. */
import { basename } from 'node:path';
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { closest } from '../kube/suggest.ts';
import { OperationalError } from '../io/operational-error.ts';
import { systemErrorCode, systemErrorReason } from '../io/system-error.ts';
import { buildProgram } from './program.ts';
import { asksForJson } from './requested-format.ts';

/** What a bug ends with (EX_SOFTWARE of sysexits.h). */
const bugExitCode = 70;

/** Runs one command line and sets `process.exitCode`; never throws. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  handleBrokenOutput();
  const args = argv.slice(2);
  const name = programName(argv[1] ?? '');
  try {
    const program = buildProgram({ name });
    if (args[0] === 'help') requireCommand(program, args[1]);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    const { reportFailure } = await import('./report-failure.ts');
    process.exitCode = failed(error, name, args, (failure, exitCode) =>
      reportFailure(failure, exitCode, asksForJson(args)),
    );
  }
}

/** Commander answers `help` for a command that does not exist with the help of the program, as if all were well. */
function requireCommand(program: CommandUnknownOpts, name: string | undefined): void {
  const names = program.commands.map((command) => command.name());
  if (name === undefined || name === 'help' || name.startsWith('-') || names.includes(name)) return;
  const meant = closest(name, names);
  throw new OperationalError('usage', `unknown command '${name}'`, {
    hint: meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`,
    exitCode: 2,
  });
}

/** kubectl runs its plugin `kubectl-sallyport` for `kubectl sallyport`. */
function programName(path: string): string {
  return basename(path).startsWith('kubectl-sallyport') ? 'kubectl sallyport' : 'sallyport';
}

function failed(
  error: unknown,
  name: string,
  args: readonly string[],
  report: (failure: unknown, exitCode: number) => void,
): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    report(usageError(error, name, args), 2);
    return 2;
  }
  const exitCode = hasExitCode(error) ? error.exitCode : bugExitCode;
  report(error, exitCode);
  return exitCode;
}

function hasExitCode(error: unknown): error is { readonly exitCode: number } {
  return error instanceof OperationalError || (error instanceof Error && error.name === 'RejectedInputError');
}

/** Commander's messages begin with `error: `, which every message of ours gets later, and may end with a guess. */
function usageError(error: CommanderError, name: string, args: readonly string[]): OperationalError {
  const [, message = error.message, guess] =
    /^(?:error: )?(.*?)(?:\n\((Did you mean .*\?)\))?$/s.exec(error.message) ?? [];
  const command =
    error.code === 'commander.unknownCommand' || args[0]?.startsWith('-') === true ? [] : args.slice(0, 1);
  const hint = guess === undefined ? `${[name, ...command].join(' ')} --help says how` : guess.replace('Did', 'did');
  return new OperationalError('usage', message, { hint, exitCode: 2, cause: error });
}

/**
 * A reader that stops early (`| head`) is not a fault, and there is nobody left to tell. Any other fault of standard
 * output means that the answer was lost, which no exit code of an answer may hide.
 */
function handleBrokenOutput(): void {
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') process.exit(process.exitCode ?? 0);
    process.stderr.write(`error: cannot write the output: ${systemErrorReason(error)}\n`);
    process.exit(4);
  });
  process.stderr.on('error', () => {
    // There is nowhere left to say it; the exit code still tells.
  });
}
