/** Settings of the boosting trainer: gradient-boosted trees. Names of XGBoost's in brackets. */
import { z } from 'zod'

export const boostingSettings = z
  .object({
    /** Trees (per class for more than two) at most; early stopping may keep fewer [num_boost_round]. */
    rounds: z.number().int().min(1).max(10_000).default(1000),
    /** Splits from a tree's root to a leaf at most [max_depth]. */
    depth: z.number().int().min(1).max(14).default(5),
    /** How much of each tree's answer is taken [eta]. */
    learningRate: z.number().gt(0).max(1).default(0.03),
    /** Share of the rows that each tree sees [subsample]. */
    rowSample: z.number().gt(0).max(1).default(0.5),
    /** Share of the features that each tree sees [colsample_bytree]. */
    columnSample: z.number().gt(0).max(1).default(0.8),
    /** Pulls the answers of leaves towards 0 [lambda]. */
    l2: z.number().min(0).max(1e6).default(5),
    /** Weight of the rows in a leaf at least; for a regression that is their number [min_child_weight]. */
    minLeafWeight: z.number().min(0).max(1e9).default(1),
    /** What a split has to improve the loss by [gamma]. */
    minSplitGain: z.number().min(0).max(1e12).default(0),
    /** Ranges that the values of a feature are put into [max_bin]. */
    maxBins: z.number().int().min(2).max(256).default(256),
    /** Stop when the validation loss has not become better for so many rounds; 0: never [early_stopping_rounds]. */
    earlyStoppingRounds: z.number().int().min(0).max(10_000).default(50),
    /** The same seed on the same table gives the same model. */
    seed: z.number().int().min(0).max(0xffff_ffff).default(1),
  })
  .strict()
export type BoostingSettings = z.infer<typeof boostingSettings>
export const defaultBoostingSettings: BoostingSettings = boostingSettings.parse({})
