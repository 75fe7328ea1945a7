/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018), its state filled by SplitMix32. A stream of its own for each purpose, so that
 * a training that goes on from a checkpoint draws what an undisturbed one would have drawn.
 * @returns gives unsigned 32-bit integers
 */
export function randomStream(...seed: number[]): () => number {
  let mixed = 0
  const splitMix = () => {
    mixed = (mixed + 0x9e3779b9) | 0
    let z = mixed ^ (mixed >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return z ^ (z >>> 15)
  }
  for (const part of seed) mixed = splitMix() ^ part
  let [a, b, c, d] = [splitMix(), splitMix(), splitMix(), splitMix()]
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result
  }
}

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by))

/** `count` different numbers below `from`, ascending (selection sampling, Knuth's algorithm S). */
export function sampleWithout(from: number, count: number, random: () => number): number[] {
  const chosen: number[] = []
  for (let i = 0; chosen.length < count; i++) {
    if ((random() / 2 ** 32) * (from - i) < count - chosen.length) chosen.push(i)
  }
  return chosen
}
