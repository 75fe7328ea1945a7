/** A round mark for icons, drawn because a badge must fit whatever size the platform asks for. Bitmaps are BGRA, premultiplied. */

/** The console's colour of what waits for a human, as blue, green, red. */
const colour = [0x1f, 0x8a, 0xe0] as const

/** A dot that fills a square bitmap of this side. */
export function dot(side: number): Buffer {
  const bitmap = Buffer.alloc(side * side * 4)
  paint(bitmap, side, side / 2, side / 2, side / 2)
  return bitmap
}

/** A copy of the bitmap with a dot in its lower right corner. */
export function withDot(bitmap: Buffer, width: number, height: number): Buffer {
  const marked = Buffer.from(bitmap)
  const radius = Math.min(width, height) * 0.22
  paint(marked, width, width - radius, height - radius, radius)
  return marked
}

function paint(bitmap: Buffer, width: number, centreX: number, centreY: number, radius: number): void {
  const height = bitmap.length / 4 / width
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (Math.hypot(x + 0.5 - centreX, y + 0.5 - centreY) > radius) continue
      bitmap.set([...colour, 0xff], (y * width + x) * 4)
    }
  }
}
