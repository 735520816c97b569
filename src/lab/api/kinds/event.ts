/** Events. */
import { byteLength, labelKeyProblems } from '../../../kube/syntax.ts';
import type { JsonObject } from '../json.ts';
import { Causes } from './causes.ts';
import { objectAt, textAt, metadataOf } from '../field-values.ts';
import type { Strategy } from './strategy.ts';

const MAX_WORD = 128;
const MAX_MESSAGE = 1024;

export const eventStrategy: Strategy = {
  validate: (event) => {
    const causes = new Causes();
    const isNewKind = textAt(event, 'eventTime') !== '';
    validateNamespace(causes, event, isNewKind ? ['default', 'kube-system'] : ['', 'default']);
    if (isNewKind) validateReport(causes, event);
    return causes.all;
  },
};

/** It is in the namespace of what it is about; for what is in none in one of these. */
function validateNamespace(causes: Causes, event: JsonObject, general: readonly string[]): void {
  const own = textAt(metadataOf(event), 'namespace');
  const about = textAt(objectAt(event, 'involvedObject'), 'namespace');
  const fits = about === '' ? general.includes(own) : about === own;
  if (!fits) causes.invalid('involvedObject.namespace', about, 'does not match event.namespace');
}

function validateReport(causes: Causes, event: JsonObject): void {
  const controller = textAt(event, 'reportingComponent');
  if (controller === '') causes.required('reportingController');
  causes.invalidFor('reportingController', controller, labelKeyProblems(controller));
  for (const name of ['reportingInstance', 'action', 'reason']) {
    const value = textAt(event, name);
    if (value === '') causes.required(name);
    if (byteLength(value) > MAX_WORD) causes.invalid(name, '', `can have at most ${MAX_WORD} characters`);
  }
  if (byteLength(textAt(event, 'message')) > MAX_MESSAGE)
    causes.invalid('message', '', `can have at most ${MAX_MESSAGE} characters`);
}
