const variable = 'GATEHOUSE_SAMPLE_KEY_IDS'

/**
 * Ids of keys under which programs in the official samples' format wrote, from `GATEHOUSE_SAMPLE_KEY_IDS` with commas
 * between. The keys themselves come from the key ring.
 */
export const sampleKeyIds = (env: NodeJS.ProcessEnv = process.env): string[] =>
  (env[variable] ?? '').split(/[\s,]+/).filter((id) => id !== '')
