import { describe, expect, it } from 'vitest'
import { createLearningCurve } from './learningCurve.ts'

const curveOf = (rounds: number) => {
  const curve = createLearningCurve()
  for (let round = 1; round <= rounds; round++) curve.add({ round, training: 1 / round, validation: null })
  return curve.points().map((point) => point.round)
}

describe('a learning curve in a heartbeat', () => {
  it('is whole while it is short', () => {
    expect(curveOf(0)).toEqual([])
    expect(curveOf(1)).toEqual([1])
    expect(curveOf(150)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1))
  })
  it.each([199, 200, 201, 399, 400, 401, 1000, 9999])(
    'of %d rounds has few points, evenly spaced, the first and the latest among them',
    (rounds) => {
      const points = curveOf(rounds)
      expect(points.length).toBeLessThanOrEqual(200)
      expect(points.length).toBeGreaterThanOrEqual(100)
      expect(points[0]).toBe(1)
      expect(points.at(-1)).toBe(rounds)
      const gaps = new Set(points.slice(1, -1).map((round, i) => round - (points[i] as number)))
      expect(gaps.size).toBe(1)
    },
  )
})
