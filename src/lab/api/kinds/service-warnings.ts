/** What the API server warns of in Services: what is ignored, and what is not written as it should be. */
import type { JsonObject } from '../json.ts';
import { cidrWarnings, ipWarnings } from './address-warnings.ts';
import { objectAt, textAt, textsInPlace } from '../field-values.ts';
import { isHeadless } from './service-defaults.ts';

export function serviceWarnings(service: JsonObject): readonly string[] {
  const spec = objectAt(service, 'spec');
  const type = textAt(spec, 'type');
  const external = textsInPlace(spec, 'externalIPs');
  const warnings: string[] = [];
  textsInPlace(spec, 'clusterIPs').forEach((address, index) => {
    warnings.push(...ipWarnings(`spec.clusterIPs[${index}]`, address));
  });
  if (type === 'ClusterIP' && isHeadless(spec)) {
    if (textAt(spec, 'loadBalancerIP') !== '') warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (external.length > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (textAt(spec, 'sessionAffinity') !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  external.forEach((address, index) => {
    warnings.push(...ipWarnings(`spec.externalIPs[${index}]`, address));
  });
  warnings.push(...ipWarnings('spec.loadBalancerIP', textAt(spec, 'loadBalancerIP')));
  textsInPlace(spec, 'loadBalancerSourceRanges').forEach((range, index) => {
    warnings.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range));
  });
  if (type === 'ExternalName' && external.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && textAt(spec, 'externalName') !== '')
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  return warnings;
}
