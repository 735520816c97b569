import { resultApiVersion } from '../engine/results.ts';
import { OperationalError } from '../io/operational-error.ts';
import { diagnosticValue } from '../report/diagnostics-json.ts';
import { renderDiagnostics } from '../report/diagnostics.ts';
import { visible } from '../report/escape.ts';
import { RejectedInputError } from './rejected-input-error.ts';
import { terminalFor } from './terminal.ts';

const bugAdvice = 'please report it to the project with this command and, if you may share it, the input';

/** Says on standard error why the program ends: for people, or as one JSON document. Never a stack trace. */
export function reportFailure(failure: unknown, exitCode: number, json: boolean): void {
  const terminal = terminalFor(process.stderr, {});
  const text = json ? failureJson(failure, exitCode) : failureText(failure, terminal);
  process.stderr.write(text);
  if (debugging() && failure instanceof Error) process.stderr.write(`${failure.stack ?? ''}\n`);
}

function debugging(): boolean {
  const value = process.env['SALLYPORT_DEBUG'];
  return value !== undefined && value !== '' && value !== '0';
}

function failureText(failure: unknown, terminal: ReturnType<typeof terminalFor>): string {
  const { palette, width } = terminal;
  const lines = (error: OperationalError): string => {
    const hint = error.hint === undefined ? '' : `  ${palette.cyan('help:')} ${visible(error.hint)}\n`;
    const message = error.message.split('\n').map(visible).join('\n');
    return `${palette.red('error')}: ${message}\n${hint}`;
  };
  if (failure instanceof RejectedInputError) {
    const found = renderDiagnostics(failure.diagnostics, { palette, width, excerpts: true });
    const errors = failure.diagnostics.some(({ severity }) => severity === 'error');
    const advice =
      errors && failure.ignorable
        ? `  ${palette.cyan('help:')} correct these, or add --ignore-invalid to answer without the objects at fault\n`
        : '';
    return failure.failures.map(lines).join('') + found + advice;
  }
  if (failure instanceof OperationalError) return lines(failure);
  return (
    `${palette.red('error')}: this is a bug in Sallyport: ${visible(bugMessage(failure))}\n` +
    `  ${palette.cyan('help:')} ${bugAdvice}` +
    `${debugging() ? '' : '; SALLYPORT_DEBUG=1 adds where it happened'}\n`
  );
}

function bugMessage(failure: unknown): string {
  const message = failure instanceof Error ? failure.message : String(failure);
  const [first = ''] = message.split('\n');
  return first.length > 300 ? `${first.slice(0, 299)}…` : first;
}

function failureJson(failure: unknown, exitCode: number): string {
  const head = { apiVersion: resultApiVersion, kind: 'Error', exitCode };
  let body: object;
  if (failure instanceof RejectedInputError) {
    body = {
      code: failure.failures[0]?.code ?? 'invalid-input',
      message: summary(failure),
      errors: failure.failures.map(errorValue),
      diagnostics: failure.diagnostics.map(diagnosticValue),
    };
  } else if (failure instanceof OperationalError) body = errorValue(failure);
  else body = { code: 'bug', message: bugMessage(failure), hint: bugAdvice };
  return `${JSON.stringify({ ...head, ...body }, undefined, 2)}\n`;
}

function errorValue({ code, message, hint }: OperationalError): object {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

function summary({ failures, diagnostics }: RejectedInputError): string {
  const [first] = failures;
  if (first !== undefined) return failures.length === 1 ? first.message : `${failures.length} inputs cannot be read`;
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [only] = errors;
  return errors.length === 1 && only !== undefined ? only.message : `the input has ${errors.length} errors`;
}
