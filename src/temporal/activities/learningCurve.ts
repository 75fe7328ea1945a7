import type { CurvePoint } from '../../contract/training.ts'

/** As many as a heartbeat carries and a chart shows. */
const mostPoints = 200

/**
 * A learning curve that never outgrows a heartbeat: each time it is full, every second point goes, and from then on half
 * as many are kept. The first and the latest point are always among them.
 */
export function createLearningCurve() {
  let kept: CurvePoint[] = []
  let latest: CurvePoint | null = null
  let every = 1
  let seen = 0
  return {
    add(point: CurvePoint): void {
      latest = point
      if (seen++ % every === 0) kept.push(point)
      if (kept.length < mostPoints) return
      kept = kept.filter((_, index) => index % 2 === 0)
      every *= 2
    },
    /** In the order in which they came. */
    points: (): CurvePoint[] => (latest === null || kept.at(-1) === latest ? [...kept] : [...kept, latest]),
  }
}
