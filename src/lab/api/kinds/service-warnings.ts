/** What the API server warns of in Services: what is ignored, and what is not written as it should be. */
import type { JsonObject } from '../json.ts';
import { cidrWarnings, ipWarnings } from './address-warnings.ts';
import { objectOf, textOf, textsOf } from './field-values.ts';
import { isHeadless } from './service-defaults.ts';

export function serviceWarnings(service: JsonObject): readonly string[] {
  const spec = objectOf(service, 'spec');
  const type = textOf(spec, 'type');
  const external = textsOf(spec, 'externalIPs');
  const warnings: string[] = [];
  textsOf(spec, 'clusterIPs').forEach((address, index) => {
    warnings.push(...ipWarnings(`spec.clusterIPs[${index}]`, address));
  });
  if (type === 'ClusterIP' && isHeadless(spec)) {
    if (textOf(spec, 'loadBalancerIP') !== '') warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (external.length > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (textOf(spec, 'sessionAffinity') !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  external.forEach((address, index) => {
    warnings.push(...ipWarnings(`spec.externalIPs[${index}]`, address));
  });
  warnings.push(...ipWarnings('spec.loadBalancerIP', textOf(spec, 'loadBalancerIP')));
  textsOf(spec, 'loadBalancerSourceRanges').forEach((range, index) => {
    warnings.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range));
  });
  if (type === 'ExternalName' && external.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && textOf(spec, 'externalName') !== '')
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  return warnings;
}
