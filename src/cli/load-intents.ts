import type { Diagnostic } from '../base/diagnostic.ts';
import type { Intent } from '../intents/intent.ts';
import { readIntents } from '../intents/read-intents.ts';
import { OperationalError } from '../io/operational-error.ts';
import { readInputs } from '../io/read-inputs.ts';
import { RejectedInputError } from './rejected-input-error.ts';

/**
 * The intents of files and folders, in the order given; in folders, whatever else lies there is passed over.
 *
 * @throws RejectedInputError when one cannot be read or is not right: a test that is left out is no test
 * @throws OperationalError `no-intents`
 */
export async function loadIntents(paths: readonly string[]): Promise<readonly Intent[]> {
  const intents: Intent[] = [];
  const diagnostics: Diagnostic[] = [];
  const failures: OperationalError[] = [];
  for (const path of paths) {
    const read = await readInputs([{ type: 'path', path }], { onProgress: () => {}, onStdinSilence: () => {} });
    failures.push(...read.failures);
    let documents = 0;
    for (const source of read.sources) {
      const found = readIntents(source);
      documents += found.documents;
      intents.push(...found.intents);
      diagnostics.push(...found.diagnostics);
    }
    if (documents === 0 && read.failures.length === 0 && !diagnostics.some(({ severity }) => severity === 'error'))
      failures.push(noIntents(path));
  }
  if (failures.length > 0 || diagnostics.some(({ severity }) => severity === 'error'))
    throw new RejectedInputError(failures, diagnostics, false);
  return intents;
}

function noIntents(path: string): OperationalError {
  return new OperationalError('no-intents', `${path}: no intents in it`, {
    hint: 'intents are YAML documents with apiVersion: sallyport.dev/v1 and kind: Intents; manifests are read with -f',
  });
}
