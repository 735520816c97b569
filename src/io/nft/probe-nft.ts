import { FEATURES, type NftFeature } from '../../dataplane/feature-probe.ts';
import { NftError } from './nft-error.ts';
import { SpawnedNft, type SpawnedNftOptions } from './spawned-nft.ts';

export interface MissingFeature {
  readonly feature: NftFeature;
  /** In nft's words. */
  readonly reason: string;
}

/**
 * What of the rules' words this nft or this kernel does not know. Nothing is changed: nft only checks.
 *
 * @throws NftError when nothing can be asked at all: `nft-missing`, `nft-not-permitted`, `nft-timeout`
 */
export async function probeNft({ command = ['nft'], ...more }: SpawnedNftOptions = {}): Promise<MissingFeature[]> {
  const nft = new SpawnedNft({ ...more, command: [...command, '--check'] });
  const refusal = async (text: string): Promise<string | undefined> => {
    try {
      await nft.applyText(text);
      return undefined;
    } catch (error) {
      if (!(error instanceof NftError) || !['nft-refused', 'nft-state-differs'].includes(error.code)) throw error;
      return error.message;
    }
  };
  if ((await refusal(FEATURES.map(({ text }) => text).join(''))) === undefined) return [];
  const missing: MissingFeature[] = [];
  for (const feature of FEATURES) {
    const reason = await refusal(feature.text);
    if (reason !== undefined) missing.push({ feature, reason });
  }
  return missing;
}
