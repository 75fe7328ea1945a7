/** A duration as a reader says it: `24 hours`, `90 minutes`, `1 second`. */
export function inWords(seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return counted(seconds / 3600, 'hour')
  if (seconds >= 60 && seconds % 60 === 0) return counted(seconds / 60, 'minute')
  return counted(seconds, 'second')
}

const counted = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`
