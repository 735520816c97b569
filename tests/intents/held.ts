/** Intents in YAML against manifests in YAML. */
import { readIntents } from '../../src/intents/read-intents.ts';
import type { Intent } from '../../src/intents/intent.ts';
import type { IntentResult, VerifyReport } from '../../src/intents/report.ts';
import { verifyIntents, type VerifyOptions } from '../../src/intents/verify.ts';
import type { Engine } from '../../src/engine/engine.ts';

export function intentsOf(text: string): readonly Intent[] {
  const { intents, diagnostics } = readIntents({ name: 'intents.yaml', text });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return intents;
}

/** The body of one intent or several: what stands under `intents:`. */
export function verified(engine: Engine, body: unknown, options: VerifyOptions = {}): VerifyReport {
  const intents = (Array.isArray(body) ? body : [body]) as readonly object[];
  const document = {
    apiVersion: 'sallyport.dev/v1',
    kind: 'Intents',
    intents: intents.map((intent, i) => ({ name: `intent ${i}`, ...intent })),
  };
  return verifyIntents(engine, intentsOf(JSON.stringify(document)), options);
}

export function resultOf(engine: Engine, body: unknown, options: VerifyOptions = {}): IntentResult {
  const [result] = verified(engine, body, options).results;
  if (result === undefined) throw new Error('no intent');
  return result;
}
